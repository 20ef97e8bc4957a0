"""Clients: who is there, what changes, what a deletion hides, brings back and erases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from aiguro_web.errors import Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import (
    Client,
    ClientTally,
    Dialog,
    JournalEntry,
    User,
)  # fmt: skip
from aiguro_web.models.client import ClientStatus
from aiguro_web.services import (
    access,
    client_lists,
    clients,
    connections,
    dialogs,
    inbound,
    members,
)  # fmt: skip
from aiguro_web.services.client_lists import ClientFilter
from tests.people import HOME, People
from tests.services.test_inbound import Face, News

WORDS = "приметныеслова"  # planted wherever a person leaves traces


@pytest.fixture
def bot(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x"
    )["id"]


def hear(bot: int, *news: News, payload: str | None = None) -> list[bool]:
    return [inbound.receive(access.client(HOME), bot, "telegram", item, payload).fresh for item in news]


def the_client(bot: int, name: str = "Ольга") -> int:
    hear(bot, News("1", "1", f"{WORDS} в первом", person=Face(name=name)), payload=f'{{"text": "{WORDS}"}}')
    return db.session.scalars(select(Client.id)).one()


def shown(who: People, **filters: Any) -> list[int]:
    found = client_lists.list_clients(who.viewer.actor, ClientFilter(**filters), limit=1000)
    assert found.total == len(found.rows)
    return [row["id"] for row in found.rows]


def tally_is_true() -> bool:
    kept = dict(db.session.execute(
        select(ClientTally.status, func.sum(ClientTally.clients)).group_by(ClientTally.status)
    ).tuples().all())  # fmt: skip
    counted = dict(db.session.execute(
        select(Client.status, func.count()).where(Client.deleted_at.is_(None), ~Client.is_test).group_by(Client.status)
    ).tuples().all())  # fmt: skip
    return {status: number for status, number in kept.items() if number} == counted


def test_the_kept_counts_follow_every_change(bot: int, who: People) -> None:
    first = the_client(bot)
    other = clients.create(who.manager.actor, {"name": "Пётр"}, ClientStatus.inactive)
    db.session.add(Client(org_id=HOME, name="тест", is_test=True))
    db.session.flush()
    assert tally_is_true()
    clients.change(who.manager.actor, other, {}, ClientStatus.active)
    assert tally_is_true()
    clients.delete(who.manager.actor, first)
    assert tally_is_true()
    clients.restore(who.manager.actor, first)
    assert tally_is_true()
    assert shown(who) == [other, first]
    db.session.execute(text("DELETE FROM client"))
    assert tally_is_true()


def test_a_made_up_client_is_not_there(app: Flask, who: People) -> None:
    enter_organization(HOME)
    db.session.add(Client(org_id=HOME, name="тест", is_test=True))
    db.session.flush()
    made_up = db.session.scalars(select(Client.id)).one()
    assert shown(who) == []
    for act in (client_lists.get_client, clients.delete, clients.restore, clients.lock):
        with pytest.raises(NotFound):
            act(who.manager.actor, made_up)


@pytest.mark.parametrize(
    ("given", "stored"),
    [("8 (900) 123-45-67", "+79001234567"), ("+49 30 901820", "+4930901820"), ("79001234567", "+79001234567"),
     ("Не указано", ""), ("«Не указано»", ""), ("«Не назначено»", ""), ("  ", ""), ("", ""),
     ("+7 495 123-45-67 доб. 12", "+74951234567;ext=12")],
)  # fmt: skip
def test_a_phone_is_kept_in_one_form(app: Flask, who: People, given: str, stored: str) -> None:
    enter_organization(HOME)
    one = clients.create(who.manager.actor, {"name": "Ольга", "phone": given})
    row = client_lists.get_client(who.viewer.actor, one)
    assert row["phone"] == stored
    clients.change(who.manager.actor, one, {"phone": stored})
    assert client_lists.get_client(who.viewer.actor, one)["phone"] == stored


@pytest.mark.parametrize("wish", [{"phone": "12"}, {"phone": "звоните"}, {"email": "ольга"}, {"email": "a@b@c.ru"}])
def test_what_cannot_be_a_phone_or_an_e_mail_is_refused(app: Flask, who: People, wish: dict[str, str]) -> None:
    enter_organization(HOME)
    one = clients.create(who.manager.actor, {"name": "Ольга"})
    with pytest.raises(Invalid) as refusal:
        clients.change(who.manager.actor, one, wish)
    assert set(refusal.value.fields) == set(wish)


def test_what_a_messenger_told_is_never_refused_when_it_comes_back(bot: int, who: People) -> None:
    one = the_client(bot)
    db.session.execute(update(Client).values(phone="12-34 (спросить Олю)", email="не почта"))
    clients.change(who.manager.actor, one, {"phone": "12-34 (спросить Олю)", "email": "не почта", "name": ""})
    row = client_lists.get_client(who.viewer.actor, one)
    assert (row["name"], row["phone"], row["email"]) == ("Ольга", "12-34 (спросить Олю)", "не почта")
    assert db.session.scalar(select(func.count()).where(JournalEntry.act == "change")) == 0


def test_nobody_needs_a_name_but_something_must_be_known(app: Flask, who: People) -> None:
    enter_organization(HOME)
    clients.create(who.manager.actor, {"name": "", "phone": "8 900 123-45-67"})
    with pytest.raises(Invalid):
        clients.create(who.manager.actor, {"name": "Не указано", "manager": "Пётр"})


def test_a_viewer_only_reads(bot: int, who: People) -> None:
    one = the_client(bot)
    for act in (clients.delete, clients.restore, clients.lock):
        with pytest.raises(Forbidden):
            act(who.viewer.actor, one)
    with pytest.raises(Forbidden):
        clients.create(who.viewer.actor, {"name": "Пётр"})


class TestMembers:
    def test_a_member_is_named_by_id_e_mail_or_name(self, app: Flask, who: People) -> None:
        enter_organization(HOME)
        of, manager = who.viewer.actor, who.manager
        for words in (str(manager.actor.user_id), manager.email, manager.email.upper(), " михаил МЕНЕДЖЕР "):
            assert members.resolve(of, words) == (manager.actor.user_id, "")

    @pytest.mark.parametrize("words", ["", " ", "Не указано", "«Не указано»", "Не назначено", "«Не назначено»"])
    def test_some_words_mean_nobody(self, app: Flask, who: People, words: str) -> None:
        enter_organization(HOME)
        assert members.resolve(who.viewer.actor, words) == (None, "")

    def test_a_stranger_is_a_mere_text(self, app: Flask, who: People) -> None:
        enter_organization(HOME)
        for words in (str(who.stranger.actor.user_id), who.stranger.email, who.stranger.actor.name, "9" * 30, "0"):
            assert members.resolve(who.viewer.actor, words) == (None, words)

    def test_a_name_of_two_is_nobodys_unless_one_of_them_stands_there(self, app: Flask, who: People) -> None:
        enter_organization(HOME)
        db.session.execute(update(User).where(User.id == who.viewer.actor.user_id).values(name=who.manager.actor.name))
        name = who.manager.actor.name
        assert members.resolve(who.admin.actor, name) == (None, name)
        assert members.resolve(who.admin.actor, name, who.viewer.actor.user_id) == (who.viewer.actor.user_id, "")

    def test_who_has_left_stays_where_they_stand(self, app: Flask, who: People) -> None:
        from aiguro_web.services import organizations

        user_id, name = who.manager.actor.user_id, who.manager.actor.name
        assert user_id is not None
        organizations.remove_member(HOME, user_id)
        db.session.flush()
        assert members.resolve(who.admin.actor, name) == (None, name)
        assert members.resolve(who.admin.actor, name, user_id) == (user_id, "")
        assert user_id not in [row["id"] for row in members.list_members(who.admin.actor)]


class TestKinds:
    """contract.md §6, worked out when read."""

    @pytest.fixture
    def one(self, bot: int) -> int:
        return the_client(bot)

    def kind(self, who: People, one: int) -> str:
        kind = client_lists.get_client(who.viewer.actor, one)["type"]
        kinds = [name for name in ("новый", "постоянный", "неактивный") if shown(who, kind=name) == [one]]
        assert kinds == [kind], "the filter and the field say the same"
        return kind

    def test_a_client_is_new(self, one: int, who: People) -> None:
        assert self.kind(who, one) == "новый"

    def test_a_deal_won_makes_them_regular(self, one: int, who: People) -> None:
        dialogs.close(who.manager.actor, db.session.scalars(select(Dialog.uuid)).one(), dialogs.Outcome.won)
        db.session.flush()
        assert self.kind(who, one) == "постоянный"

    def test_ninety_days_of_silence_make_them_inactive(self, one: int, who: People) -> None:
        moment = func.now() - timedelta(days=91)
        db.session.execute(update(Client).values(last_activity=moment, created_at=moment))
        assert self.kind(who, one) == "неактивный"
        db.session.execute(update(Dialog).values(outcome="won"))
        assert self.kind(who, one) == "неактивный"

    def test_their_numbers_are_of_their_listed_dialogs(self, bot: int, one: int, who: People) -> None:
        hear(bot, News("2", "2"), News("3", "3"))
        db.session.execute(update(Dialog).values(close_ratio=40))
        row = client_lists.get_client(who.viewer.actor, one)
        assert (row["messages_count"], row["close_ratio"]) == (4, 40)
        db.session.execute(update(Dialog).values(status="closed"))
        assert client_lists.get_client(who.viewer.actor, one)["close_ratio"] == 0
        db.session.execute(update(Dialog).values(is_test=True))
        assert client_lists.get_client(who.viewer.actor, one)["messages_count"] == 0

    def test_a_message_is_their_activity(self, bot: int, one: int, who: People) -> None:
        db.session.execute(update(Client).values(last_activity=func.now() - timedelta(days=91)))
        hear(bot, News("2", "2"))
        assert db.session.scalar(select(Client.last_activity)) == db.session.scalar(select(Dialog.last_activity))
