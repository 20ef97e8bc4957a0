"""Which organisation a call means that has none in its path (contract.md §1, "support calls").

`orgId` of the query, else of the body; else the token's active organisation; else the only membership. AIGURO's staff
at their desk (`desk=True`): without `orgId` all organisations, with it that one.
"""

from __future__ import annotations

from dataclasses import replace

from flask import g, request

from ..errors import Forbidden, Invalid
from ..extensions import enter_organization
from ..services import organizations
from ..services.access import Actor
from . import body, strict_json
from .faults import invalid
from .multipart import is_multipart
from .tenancy import read_id

NO_ORG = "Нет доступа к организации"  # foreign, absent and impossible ids read the same
NAME = "orgId"
UNSAID = "Укажите организацию: вы состоите в нескольких или ни в одной"
_BODILESS = ("GET", "HEAD", "DELETE")  # whatever Content-Type says there
_WAITING = "aiguro.organisation_in_the_form"


def choose(person: Actor, gid: str | None, *, desk: bool) -> Actor:
    """The person inside the organisation that the call means. Raises Invalid, Forbidden.

    A form with files is read later, by its view, and may name the organisation: until `settle` nobody is inside of any.
    """
    asked = _in_query()
    if asked is None and is_multipart() and request.method not in _BODILESS:
        request.environ[_WAITING] = (person, gid, desk)
        return person
    return _inside(person, gid, asked if asked is not None else _in_json(), desk)


def settle(asked: str | int | None) -> None:
    """Within a view that has read a form: `asked` is the form's `orgId`. Sets `g.who`, as the guard would have.

    Raises Invalid, Forbidden.
    """
    waiting = request.environ.pop(_WAITING, None)
    if waiting is not None:
        person, gid, desk = waiting
        g.who = _inside(person, gid, None if asked in (None, "") else str(asked), desk)
    enter_organization(g.who.org)


def _inside(person: Actor, gid: str | None, asked: str | None, desk: bool) -> Actor:
    if desk and person.staff:
        return person if asked is None else replace(person, org=_existing(asked))
    rows = organizations.list_memberships(person.user_id) if person.user_id is not None else []
    if asked is not None:
        found = [row for row in rows if row["org_id"] == read_id(asked)]
        if not found:
            raise Forbidden(NO_ORG)
    else:
        found = [row for row in rows if gid and row["gid"] == gid] or rows
        if len(found) != 1:
            raise Invalid(UNSAID, errors={NAME: "укажите id организации"})
    return replace(person, org=found[0]["org_id"], role=found[0]["role"])


def _existing(asked: str) -> int:
    """Any organisation, for staff; one that is not there reads as one whose doors are shut."""
    org_id = read_id(asked)
    if org_id is None or not organizations.exists(org_id):
        raise Forbidden(NO_ORG)
    return org_id


def _in_query() -> str | None:
    given = request.args.getlist(NAME)
    if len(given) > 1:
        raise invalid({f"/{NAME}": "параметр указан дважды"})
    return given[0] if given and given[0] else None


def _in_json() -> str | None:
    """The field of a JSON body, whose bytes stay for the view. What is no body of that kind, the view refuses."""
    if request.method in _BODILESS or request.mimetype != body.JSON:
        return None
    data = body.raw()
    given = strict_json.parse(data) if data else None
    asked = given.get(NAME) if isinstance(given, dict) else None
    return None if asked in (None, "") else str(asked)
