"""An admin erases a client: after it nothing of them is anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from aiguro_web import storage, tasks
from aiguro_web.errors import Forbidden, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import (
    Attachment,
    Base,
    BulkAct,
    BulkItem,
    Client,
    ClientImport,
    ClientImportRow,
    Dialog,
    IdempotencyKey,
    Message,
    Notification,
)
from aiguro_web.models.bulk_act import BulkSubject
from aiguro_web.models.client_import import ImportState, ImportVerdict
from aiguro_web.models.notification import NotificationKind, NotificationSubject
from aiguro_web.services import (
    access,
    client_merges,
    client_notes,
    clients,
    connections,
    dialog_moves,
    erasure,
    inbound,
    journal,
)
from aiguro_web.services.dialog_moves import Terms
from tests import people
from tests.people import HOME, People
from tests.services.test_inbound import Face, News

WORDS = "приметноеимя"
PHONE, DIGITS, EMAIL = "+79001112233", "9001112233", "primetnaya@example.com"


@pytest.fixture
def house(committed_app: Flask) -> People:
    who = people.load()
    enter_organization(HOME)
    return who


def plant(who: People) -> tuple[int, int, list[str]]:
    """A client who left traces everywhere, with a duplicate merged into them; and one who stays. Gives both ids, and
    the keys of two files: one of the first client alone, one of both."""
    bot = connections.create(who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x")[
        "id"
    ]
    payload = f'{{"message": {{"chat": {{"id": 500123}}, "text": "{WORDS}"}}}}'
    mine = News("1", "1", f"{WORDS} пишет", chat_id="500123", person=Face("500123", f"{WORDS} Ольга"))
    inbound.receive(access.client(HOME), bot, "telegram", mine, payload)
    other = News("2", "2", "другой человек", chat_id="700", person=Face("700", "Пётр"))
    inbound.receive(access.client(HOME), bot, "telegram", other, '{"message": {"chat": {"id": 700}, "text": "другой"}}')
    db.session.flush()
    one, stays = db.session.scalars(select(Client.id).order_by(Client.id)).all()
    clients.change(who.manager.actor, one, {"phone": PHONE, "email": EMAIL})
    client_notes.add(who.manager.actor, one, f"заметка: {WORDS}")
    double = clients.create(who.manager.actor, {"name": f"{WORDS} дубликат", "phone": PHONE, "email": EMAIL})
    client_merges.merge(who.manager.actor, one, double, {"name": double})
    dialog = db.session.scalars(select(Dialog).where(Dialog.client_id == one)).one()
    dialog_moves.set_terms(who.manager.actor, dialog.uuid, Terms(description=WORDS, tags=[WORDS]))
    keys = _plant_files(one, stays)
    _plant_work(who, one, dialog)
    db.session.commit()
    return one, stays, keys


def _plant_files(one: int, stays: int) -> list[str]:
    both = [storage.receive("a.txt", iter([f"{WORDS} {n}".encode()])).key for n in (1, 2)]
    for client_id, keys in ((one, both), (stays, both[1:])):
        message = db.session.scalars(
            select(Message.id).join(Dialog, Dialog.id == Message.dialog_id)
            .where(Dialog.client_id == client_id, Message.role == "user")
        ).one()  # fmt: skip
        for key in keys:
            name = f"{WORDS}.pdf" if client_id == one else "общий.pdf"
            db.session.add(
                Attachment(
                    org_id=HOME, message_id=message, name=name, content_type="text/plain", size=1, storage_key=key
                )
            )  # fmt: skip
    return both


def is_there(key: str) -> bool:
    try:
        return bool(b"".join(storage.open(key)))
    except NotFound:
        return False


def _plant_work(who: People, one: int, dialog: Dialog) -> None:
    made = ClientImport(org_id=HOME, file_name="клиенты.csv", state=ImportState.done, columns=["name"])
    act = BulkAct(org_id=HOME, subject=BulkSubject.client, act="assign", total=1)
    db.session.add_all([made, act])
    db.session.flush()
    row: dict[str, Any] = {"name": WORDS, "phone": PHONE}
    db.session.add(
        ClientImportRow(
            org_id=HOME, import_id=made.id, number=2, cells=[WORDS, PHONE], fields=row, verdict=ImportVerdict.new,
            client_id=one, before=row, reason=WORDS,
        )
    )  # fmt: skip
    db.session.add(BulkItem(org_id=HOME, act_id=act.id, subject_id=one, before=row, reason=WORDS))
    db.session.add(
        Notification(
            org_id=HOME, user_id=who.manager.actor.user_id, kind=NotificationKind.assigned,
            subject=NotificationSubject.dialog, subject_id=dialog.id, data={"client": WORDS},
        )
    )  # fmt: skip
    body = f'{{"name": "{WORDS}"}}'.encode()
    db.session.add(
        IdempotencyKey(
            org_id=HOME,
            user_id=who.manager.actor.user_id,
            route="api_clients.add",
            key="k",
            body_hmac=b"x",
            status=200,
            body=body,
        )
    )
    journal.note(who.manager.actor, "change", "client", one, before=WORDS)
    journal.note(who.manager.actor, "change", "dialog", dialog.id, before=WORDS)


def work() -> None:
    """What the worker does with the jobs that wait."""
    query = "SELECT task_name, args FROM procrastinate_jobs WHERE task_name = ANY(:names) ORDER BY id"
    for _ in range(2):  # the first lot makes the second
        found = db.session.execute(text(query), {"names": ["erase_client", "delete_bytes"]}).all()
        db.session.execute(
            text("DELETE FROM procrastinate_jobs WHERE task_name = ANY(:names)"),
            {"names": ["erase_client", "delete_bytes"]},
        )
        db.session.commit()
        for name, arguments in found:
            task = tasks.erasure.erase_client if name == "erase_client" else tasks.files.delete_bytes
            task(**arguments)
            enter_organization(HOME)


def traces() -> dict[str, int]:
    """The tables where a row still has a word of the person; bytes are read as the text that they are."""
    found = {}
    for name, table in [*Base.metadata.tables.items(), ("procrastinate_jobs", None)]:
        columns = (
            [column.name for column in table.c if column.type.__class__.__name__ == "LargeBinary"]
            if table is not None
            else []
        )
        whole = " || ' ' || ".join(["t::text", *(f"COALESCE(encode({column}, 'escape'), '')" for column in columns)])
        words = [WORDS, DIGITS, EMAIL]
        spelled = [*words, WORDS.encode().decode("latin-1").encode("unicode_escape").decode().replace("\\x", "\\")]
        octal = "".join(f"\\{byte:03o}" for byte in WORDS.encode())
        query = text(f"SELECT count(*) FROM {name} t WHERE EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w "
                     f"WHERE strpos({whole}, w) > 0)")  # fmt: skip
        if number := db.session.scalar(query, {"words": [*spelled, octal]}):
            found[name] = number
    return found


def test_nothing_is_left_of_an_erased_client(house: People) -> None:
    one, stays, keys = plant(house)
    before = traces()
    assert {"client", "message", "client_note", "dialog", "inbound_update", "journal_entry", "client_import_row",
            "bulk_item", "notification", "attachment", "client_merge", "idempotency_key", "client_words"} <= set(before)  # fmt: skip
    erasure.order(house.admin.actor, one)
    db.session.commit()
    work()
    assert traces() == {}
    assert db.session.scalars(select(Client.id)).all() == [stays]
    assert not is_there(keys[0])
    assert is_there(keys[1])  # another client has it, too
    payload = db.session.scalar(text("SELECT payload::text FROM inbound_update WHERE external_id = '2'"))
    assert "другой" in payload


def test_from_the_order_on_they_are_hidden_and_cannot_be_restored(house: People) -> None:
    one, _, _ = plant(house)
    erasure.order(house.admin.actor, one)
    db.session.commit()
    with pytest.raises(NotFound):
        clients.restore(house.manager.actor, one)
    assert db.session.scalar(text("SELECT count(*) FROM dialog WHERE client_id = :id AND listed"), {"id": one}) == 0


def test_a_deleted_client_can_be_erased_before_their_time(house: People) -> None:
    one, _, _ = plant(house)
    clients.delete(house.manager.actor, one)
    erasure.order(house.admin.actor, one)
    db.session.commit()
    work()
    assert traces() == {}


def test_only_an_admin_of_the_organisation_erases(house: People) -> None:
    one, _, _ = plant(house)
    for person in (house.manager, house.viewer):
        with pytest.raises(Forbidden):
            erasure.order(person.actor, one)
    enter_organization(2)
    with pytest.raises(NotFound):
        erasure.order(house.stranger.actor, one)
    enter_organization(HOME)
    assert db.session.scalar(text("SELECT count(*) FROM client WHERE deleted_at < now() - interval '30 days'")) == 0


def test_the_journal_keeps_who_ordered_it(house: People) -> None:
    one, _, _ = plant(house)
    erasure.order(house.admin.actor, one)
    db.session.commit()
    work()
    query = "SELECT act, actor_name, data FROM journal_entry WHERE subject = 'client' AND subject_id = :id AND act LIKE '%eras%' ORDER BY id"
    kept = [tuple(row) for row in db.session.execute(text(query), {"id": one})]
    assert kept == [("order_erasure", house.admin.actor.name, {}), ("erase", "AIGURO", {})]


def test_the_task_may_run_twice(house: People) -> None:
    one, stays, _ = plant(house)
    erasure.order(house.admin.actor, one)
    db.session.commit()
    work()
    tasks.erasure.erase_client(HOME, one)
    tasks.erasure.erase_client(HOME, stays)  # whom nobody ordered to be erased
    enter_organization(HOME)
    assert db.session.scalars(select(Client.id)).all() == [stays]
