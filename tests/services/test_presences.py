"""Who looks at a dialog and who types in it: by the database's clock, told only when it is news."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.errors import NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Presence
from aiguro_web.services import dialogs, funnels, inbox, presences
from tests.people import HOME, OTHER, People


@pytest.fixture
def dialog(app: Flask, who: People) -> Dialog:
    enter_organization(HOME)
    return dialogs.create(who.manager.actor, funnels.list_funnels(who.manager.actor)[0]["id"], name="Ольга")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(presences, "publish", lambda *topics: heard.extend(topics))
    return heard


def seen(who: People, dialog: Dialog) -> list[tuple[str, bool]]:
    found = presences.list_watchers(who.admin.actor, dialog.uuid)
    assert inbox.get_card(who.admin.actor, dialog.uuid)["watchers"] == found
    return [(row["name"], row["typing"]) for row in found]


def pass_by(seconds: int) -> None:
    """The clock is the database's: the rows are shifted, not the clock."""
    shift = "UPDATE presence SET seen_at = seen_at - make_interval(secs => :s), typed_at = typed_at - make_interval(secs => :s)"
    db.session.execute(text(shift), {"s": seconds})


def test_colleagues_see_who_looks_and_who_types_and_nobody_sees_themselves(dialog: Dialog, who: People) -> None:
    presences.note(who.admin.actor, dialog.uuid)
    presences.note(who.viewer.actor, dialog.uuid)
    presences.note(who.manager.actor, dialog.uuid, typing=True)
    assert seen(who, dialog) == [("Михаил Менеджер", True), ("Вера Зритель", False)]


def test_signs_grow_old(dialog: Dialog, who: People) -> None:
    presences.note(who.manager.actor, dialog.uuid, typing=True)
    pass_by(presences.TYPES + 1)
    assert seen(who, dialog) == [("Михаил Менеджер", False)]
    pass_by(presences.LOOKS)
    assert seen(who, dialog) == []


def test_only_news_is_told(dialog: Dialog, who: People, told: list[str]) -> None:
    for typing in (False, False, True, True, False):
        presences.note(who.manager.actor, dialog.uuid, typing=typing)
    presences.leave(who.manager.actor, dialog.uuid)
    presences.leave(who.manager.actor, dialog.uuid)
    assert told == [f"o{HOME}:presence-{dialog.uuid}"] * 4  # came, types, types no more, left
    assert seen(who, dialog) == []


def test_a_persons_forgotten_rows_go_when_they_open_another_dialog(dialog: Dialog, who: People) -> None:
    presences.note(who.manager.actor, dialog.uuid)
    pass_by(presences.KEPT + 1)
    other = dialogs.create(who.manager.actor, dialog.funnel_id, name="Пётр")
    presences.note(who.manager.actor, other.uuid)
    assert db.session.scalars(select(Presence.dialog_id)).all() == [other.id]


def test_a_stranger_neither_sees_nor_is_seen(dialog: Dialog, who: People) -> None:
    presences.note(who.manager.actor, dialog.uuid)
    enter_organization(OTHER)
    for call in (presences.note, presences.leave, presences.list_watchers):
        with pytest.raises(NotFound):
            call(who.stranger.actor, dialog.uuid)
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 1
