"""The table of deals: its filters, its orders page by page, and its count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from aiguro_web.errors import Forbidden, Invalid
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Funnel, Stage
from aiguro_web.models.dialog import DialogStatus, Outcome
from aiguro_web.services import access, deal_lists, dialogs
from aiguro_web.services.deal_filters import DealFilter, Span
from tests.people import HOME, OTHER, People

BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def deals(who: People, how_many: int, **values: Any) -> list[Dialog]:
    """Deals of one funnel, each an hour after the one before it."""
    enter_organization(HOME)
    funnel_id = db.session.scalars(select(Funnel.id).where(Funnel.org_id == HOME)).one()
    made = [dialogs.create(who.manager.actor, funnel_id, name=f"Клиент {number}") for number in range(how_many)]
    db.session.flush()
    for number, dialog in enumerate(made):
        moment = BEGAN + timedelta(hours=number)
        new = {"last_activity": moment, "created_at": moment} | {
            name: value(number) if callable(value) else value for name, value in values.items()
        }
        db.session.execute(update(Dialog).where(Dialog.id == dialog.id).values(**new))
    db.session.expire_all()
    return made


def walk(who: access.Actor, wanted: DealFilter, sort: Any, limit: int = 2) -> list[int]:
    found, before = list[int](), None
    while True:
        page = deal_lists.list_deals(who, wanted, sort, before, limit)
        found += [row["id"] for row in page.rows]
        if page.next is None:
            return found
        before = page.next


@pytest.mark.parametrize("sort", sorted(deal_lists.SORTS))
def test_every_order_is_walked_whole_and_each_row_comes_once(app: Flask, who: People, sort: str) -> None:
    made = deals(
        who, 7, price=lambda n: Decimal(n % 3) * 1000, close_ratio=lambda n: (n % 2) * 50,
        unanswered_since=lambda n: BEGAN + timedelta(minutes=9 * n) if n % 2 else None,
        closed_at=None,
    )  # fmt: skip
    found = walk(who.viewer.actor, DealFilter(), sort)
    assert sorted(found) == sorted(dialog.id for dialog in made)
    whole = deal_lists.list_deals(who.viewer.actor, DealFilter(), sort, limit=50).rows  # type: ignore[arg-type]
    assert [row["id"] for row in whole] == found, "pages and the whole list are the same order"


def test_an_order_is_what_it_says(app: Flask, who: People) -> None:
    deals(who, 4, price=lambda n: Decimal(n * 10), unanswered_since=lambda n: BEGAN - timedelta(hours=n) if n else None)
    prices = [row["price"] for row in deal_lists.list_deals(who.viewer.actor, DealFilter(), "-price").rows]
    assert prices == [30, 20, 10, 0]
    longest = deal_lists.list_deals(who.viewer.actor, DealFilter(), "waiting").rows
    assert [row["client_name"] for row in longest] == ["Клиент 3", "Клиент 2", "Клиент 1", "Клиент 0"]


def test_the_count_is_the_length_of_the_list(app: Flask, who: People) -> None:
    made = deals(who, 6, price=lambda n: Decimal(n * 100), unanswered_since=lambda n: BEGAN if n % 2 else None)
    dialogs.close(who.manager.actor, made[0].uuid, Outcome.lost, "дорого")
    dialogs.close(who.manager.actor, made[1].uuid, Outcome.won)
    db.session.flush()
    stage_id = db.session.scalars(select(Stage.id).where(Stage.org_id == HOME).order_by(Stage.position).limit(1)).one()
    me = who.manager.actor.user_id
    for wanted in (
        DealFilter(), DealFilter(status=DealFilter().status), DealFilter(stage_id=stage_id), DealFilter(manager=0),
        DealFilter(status=DialogStatus.closed), DealFilter(status=DialogStatus.active),
        DealFilter(outcome=Outcome.won), DealFilter(waiting=True), DealFilter(waiting=False), DealFilter(manager=me),
        DealFilter(price=(Decimal(200), None)), DealFilter(words="клиент 3"), DealFilter(words="нет такого"),
        DealFilter(created=Span(BEGAN, BEGAN + timedelta(hours=2))), DealFilter(closed=Span()),
        DealFilter(entered=(stage_id, Span())),
    ):  # fmt: skip
        assert deal_lists.count(who.viewer.actor, wanted) == len(walk(who.viewer.actor, wanted, "-activity")), wanted


def test_beyond_its_most_a_count_is_not_known_but_for_what_the_tally_keeps(app: Flask, who: People) -> None:
    deals(who, 4)
    assert deal_lists.count(who.viewer.actor, DealFilter(words="клиент"), most=3) is None
    assert deal_lists.count(who.viewer.actor, DealFilter(words="клиент"), most=4) == 4
    assert deal_lists.count(who.viewer.actor, DealFilter(status=DialogStatus.active), most=1) == 4


def test_words_find_the_name_the_mail_and_the_phone(app: Flask, who: People) -> None:
    made = deals(who, 3)
    db.session.execute(
        update(Client).where(Client.id == made[1].client_id).values(phone="+79121234567", email="z@x.example")
    )
    db.session.expire_all()
    for words, number in (("клиент 0", 0), ("912 123", 1), ("z@x", 1), ("Клиен 2", 2)):
        found = deal_lists.list_deals(who.viewer.actor, DealFilter(words=words)).rows
        assert [row["id"] for row in found] == [made[number].id], words
    assert not deal_lists.list_deals(who.viewer.actor, DealFilter(words="%")).rows


def test_another_organisation_sees_none_of_it_and_a_cursor_that_was_not_given_is_refused(
    app: Flask, who: People
) -> None:
    deals(who, 2)
    enter_organization(OTHER)
    assert not deal_lists.list_deals(who.stranger.actor, DealFilter()).rows
    assert deal_lists.count(who.stranger.actor, DealFilter()) == 0
    enter_organization(HOME)
    for before in ("", "x", "~", "1~x", "20260101T000000.0~", "NaN~1", "99999999999999999999T~1"):
        with pytest.raises(Invalid):
            deal_lists.list_deals(who.viewer.actor, DealFilter(), "-price", before)
    with pytest.raises(Forbidden):
        deal_lists.list_deals(access.client(HOME), DealFilter())


def test_words_that_find_too_many_clients_have_no_count_and_no_whole_list(app, who: People, monkeypatch) -> None:
    deals(who, 3)
    wanted = DealFilter(words="клиент")
    assert deal_lists.count(who.viewer.actor, wanted) == len(deal_lists.list_ids(who.viewer.actor, wanted)) == 3
    monkeypatch.setattr(deal_lists, "NAMED_MAX", 2)
    assert deal_lists.count(who.viewer.actor, wanted) is None
    assert len(deal_lists.list_deals(who.viewer.actor, wanted).rows) == 2
    with pytest.raises(Invalid, match="Слишком много совпадений"):
        deal_lists.list_ids(who.viewer.actor, wanted)
