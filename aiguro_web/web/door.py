"""The way into a view: a guard first, then one transaction. Return commits, raise rolls back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, make_response, request

from .. import deadlines
from ..extensions import db, enter_organization
from . import conditional, idempotency

if TYPE_CHECKING:
    from .operation import Operation

Guard = Callable[[dict[str, Any]], Response | None]
View = Callable[..., Any]

SECONDS, UPLOAD = 30, 60  # a request's time (contract.md §1), where no operation says otherwise


class Door(Blueprint):
    """A blueprint whose every view stands behind `guard`; there is no way to add one without.

    The guard gets the view's arguments, authenticates in a short transaction of its own, sets `g.who` and gives None,
    or answers instead of the view, or raises.
    """

    def __init__(self, name: str, import_name: str, *, guard: Guard, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.guard = guard

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        provide_automatic_options: bool | None = None,
        *,
        operation: Operation | None = None,
        upload: bool = False,
        **options: Any,
    ) -> None:
        if view_func is None:
            raise TypeError(f"{rule} has no view")
        super().add_url_rule(
            rule,
            endpoint or view_func.__name__,
            through(self.guard, view_func, operation, upload=upload),
            provide_automatic_options,
            **options,
        )


def through(guard: Guard, view: View, operation: Operation | None = None, *, upload: bool = False) -> View:
    """`view` behind `guard`, in one transaction of `g.who`'s organisation, within its time.

    With `upload` it is a page's view that takes files: it has more time, and a repeat of it (Idempotency-Key) is
    answered as the first call was."""
    once = upload or (operation is not None and operation.method == "POST" and operation.once)
    seconds = operation.seconds if operation is not None else UPLOAD if upload else SECONDS

    @functools.wraps(view)
    def enter(**arguments: Any) -> Response:
        with deadlines.within(seconds):
            answer = guard(arguments)
            if answer is not None:
                return answer
            if operation is not None and not operation.kept:
                conditional.no_store()
            if once:
                endpoint = operation.endpoint if operation is not None else str(request.endpoint)
                return idempotency.once(endpoint, arguments, lambda: _run(view, arguments))
            return _run(view, arguments)

    enter.guard = guard  # type: ignore[attr-defined]  # tests/rules read it
    return enter


def _run(view: View, arguments: dict[str, Any]) -> Response:
    _begin()
    try:
        response = make_response(view(**arguments))
        idempotency.keep(response)
        if db.session().in_transaction():  # a commit of nothing is not free
            db.session.commit()
        return response
    finally:
        db.session.remove()  # also rolls back what was not committed


@contextmanager
def outside() -> Iterator[None]:
    """Within a view: commit, give the connection back, do the slow thing, and begin a second transaction after it, also
    when the slow thing failed: whoever catches that may still ask the database."""
    db.session.commit()
    db.session.remove()
    try:
        yield
    finally:
        _begin()


def _begin() -> None:
    db.session.remove()
    who = g.get("who")
    enter_organization(who.org if who is not None else None)
