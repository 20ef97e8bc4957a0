"""Saved views: filters, order and columns of a table under a name, one's own or shared."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..models import SavedView, User
from ..models.saved_view import VIEW_NAME_MAX, VIEW_QUERY_MAX, VIEWS_MAX, ViewScreen
from ..models.text import one_line
from . import journal
from .access import Actor


class ViewRow(TypedDict):
    """A view; `mine` may be changed, `author` is who shared it."""

    id: int
    name: str
    query: str
    is_shared: bool
    mine: bool
    author: str


def list_views(who: Actor, screen: ViewScreen) -> list[ViewRow]:
    """One's own, then the shared ones of others, by name."""
    query = (
        _seen(who)
        .where(SavedView.screen == screen)
        .order_by((SavedView.user_id == who.user_id).desc(), func.lower(SavedView.name), SavedView.id)
        .limit(4 * VIEWS_MAX)
    )
    return [cast(ViewRow, dict(row)) for row in db.session.execute(query).mappings()]


def get_view(who: Actor, view_id: int) -> ViewRow:
    """One's own or a shared one. Raises NotFound."""
    row = db.session.execute(_seen(who).where(SavedView.id == view_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("Такого вида нет")
    return cast(ViewRow, dict(row))


def _seen(who: Actor) -> Select[*tuple[Any, ...]]:
    who.must("read")
    mine = SavedView.user_id == who.user_id
    author = func.coalesce(func.nullif(User.name, ""), User.email).label("author")
    return (
        select(SavedView.id, SavedView.name, SavedView.query, SavedView.is_shared, mine.label("mine"), author)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.org_id == who.home, or_(mine, SavedView.is_shared))
    )


def save(who: Actor, screen: ViewScreen, name: str, query: str, *, shared: bool = False) -> int:
    """A new view of this person; gives its id. Sharing is for those who write. Raises Invalid, Conflict, Forbidden."""
    who.must("write_dialog" if shared else "read")
    if len(query) > VIEW_QUERY_MAX:
        raise Invalid("В этом виде слишком много отборов", query="уберите часть отборов")
    own = (SavedView.org_id == who.home, SavedView.user_id == who.user_id, SavedView.screen == screen)
    if (db.session.scalar(select(func.count()).select_from(SavedView).where(*own)) or 0) >= VIEWS_MAX:
        raise Conflict(f"Сохранено уже {VIEWS_MAX} видов: удалите ненужные")
    row = insert(SavedView).values(
        org_id=who.home, user_id=who.user_id, screen=screen, name=_name(name), query=query, is_shared=shared
    )
    made: int | None = db.session.scalar(row.on_conflict_do_nothing().returning(SavedView.id))
    if made is None:
        raise Conflict("Вид с таким названием уже есть", name="выберите другое название")
    journal.note(who, "save_view", "saved_view", made, screen=screen, shared=shared)
    return made


def change(who: Actor, view_id: int, *, name: str, shared: bool) -> None:
    """Another name, shared or not. Only one's own. Raises Forbidden, NotFound, Invalid, Conflict."""
    view = _own(who, view_id)
    if shared and not view.is_shared:
        who.must("write_dialog")
    words = _name(name)
    same = select(SavedView.id).where(
        SavedView.org_id == who.home, SavedView.user_id == who.user_id, SavedView.screen == view.screen,
        SavedView.name == words, SavedView.id != view_id,
    )  # fmt: skip
    if db.session.scalar(same) is not None:
        raise Conflict("Вид с таким названием уже есть", name="выберите другое название")
    view.name, view.is_shared = words, shared
    journal.note(who, "change_view", "saved_view", view_id, shared=shared)


def delete(who: Actor, view_id: int) -> None:
    """One's own; of the others' shared ones any, for an admin. Raises Forbidden, NotFound."""
    db.session.delete(_own(who, view_id, admins=True))
    journal.note(who, "delete_view", "saved_view", view_id)


def _own(who: Actor, view_id: int, *, admins: bool = False) -> SavedView:
    who.must("read")
    query = select(SavedView).where(SavedView.org_id == who.home, SavedView.id == view_id)
    view = db.session.scalar(query.with_for_update())
    if view is None or (view.user_id != who.user_id and not view.is_shared):
        raise NotFound("Такого вида нет")
    if view.user_id != who.user_id:
        who.must("manage")
        if not admins:
            raise Conflict("Это вид другого человека: сохраните свой")
    return view


def _name(name: str) -> str:
    words = one_line(name)
    if not words or len(words) > VIEW_NAME_MAX:
        raise Invalid(f"Название: от 1 до {VIEW_NAME_MAX} символов", name=f"от 1 до {VIEW_NAME_MAX} символов")
    return words
