"""Who else looks at a dialog now, and who types in it. A sign of life means something for some seconds, by the
database's clock."""

from __future__ import annotations

import uuid as uuids
from typing import Any, TypedDict, cast

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from ..errors import NotFound
from ..extensions import db
from ..live import publish
from ..models import Dialog, Presence, User
from . import topics
from .access import Actor

LOOKS = 50  # seconds after a sign of life; a page gives one each 20
TYPES = 6  # seconds after a key; a page says so each 3 while keys come
KEPT = 3600  # seconds until a row is thrown away


class Watcher(TypedDict):
    """A colleague who has the dialog open."""

    id: int
    name: str
    typing: bool


_NOTE = text("""
    WITH d AS (
        SELECT id FROM dialog WHERE org_id = :org AND uuid = :uuid AND deleted_at IS NULL
    ), before AS (
        SELECT p.seen_at > now() - make_interval(secs => :looks) AS looked,
               p.typed_at > now() - make_interval(secs => :types) AS typed
        FROM presence p, d WHERE p.org_id = :org AND p.dialog_id = d.id AND p.user_id = :user
    )
    INSERT INTO presence (org_id, dialog_id, user_id, seen_at, typed_at)
    SELECT :org, d.id, :user, now(), CASE WHEN :typing THEN now() END FROM d
    ON CONFLICT (org_id, dialog_id, user_id) DO UPDATE SET seen_at = now(), typed_at = excluded.typed_at
    RETURNING COALESCE((SELECT looked FROM before), false) AS looked,
              COALESCE((SELECT typed FROM before), false) AS typed
""")


def note(who: Actor, uuid: uuids.UUID, *, typing: bool = False) -> None:
    """This person has the dialog open, and types in it or not; colleagues hear of it when it is news. Raises
    NotFound."""
    who.must("read")
    values = {"org": who.home, "uuid": uuid, "user": who.user_id, "typing": typing, "looks": LOOKS, "types": TYPES}
    row = db.session.execute(_NOTE, values).one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    if not row.looked:
        _forget_old(who)
    if not row.looked or row.typed != typing:
        publish(topics.presence(who.home, uuid))


def _forget_old(who: Actor) -> None:
    """Pages that were closed without a word leave a row; the person's next dialog clears theirs away."""
    old = (Presence.org_id == who.home, Presence.user_id == who.user_id, Presence.seen_at < _ago(KEPT))
    db.session.execute(delete(Presence).where(*old))


def leave(who: Actor, uuid: uuids.UUID) -> None:
    """This person has closed the dialog. Raises NotFound."""
    who.must("read")
    of = select(Dialog.id).where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None))
    dialog_id = db.session.scalar(of)
    if dialog_id is None:
        raise NotFound("Диалог не найден")
    own = (Presence.org_id == who.home, Presence.dialog_id == dialog_id, Presence.user_id == who.user_id)
    if db.session.execute(delete(Presence).where(*own).returning(Presence.user_id)).one_or_none() is not None:
        publish(topics.presence(who.home, uuid))


def watching(who: Actor, dialog_id: Any) -> ColumnElement[Any]:
    """The others who have the dialog open, as a column of JSON: who types first. `dialog_id` is a column of the query
    around it."""
    name = func.coalesce(func.nullif(User.name, ""), User.email)
    typing = func.coalesce(Presence.typed_at > _ago(TYPES), False)
    one = func.json_build_object("id", Presence.user_id, "name", name, "typing", typing)
    listed = select(func.coalesce(func.json_agg(aggregate_order_by(one, typing.desc(), name)), text("'[]'::json")))
    return (
        listed.join(User, User.id == Presence.user_id)
        .where(Presence.org_id == who.home, Presence.dialog_id == dialog_id, Presence.user_id != (who.user_id or 0))
        .where(Presence.seen_at > _ago(LOOKS))
        .correlate(Dialog)
        .scalar_subquery()
    )


def list_watchers(who: Actor, uuid: uuids.UUID) -> list[Watcher]:
    """As `watching`, of one dialog. Raises NotFound."""
    who.must("read")
    of = (Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None))
    row = db.session.execute(select(Dialog.id, watching(who, Dialog.id).label("watchers")).where(*of)).one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    return cast(list[Watcher], row.watchers)


def _ago(seconds: int) -> Any:
    return func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
