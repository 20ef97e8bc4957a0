"""Planted secrets come out nowhere: no answer, no address, no log line, no metric, no job, no row in plain text."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import text

from aiguro_web import queue
from aiguro_web.channels import Credentials
from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import access, connections, inbound, messages
from tests import databases
from tests.doors import STREAMS, address, knock, sign_in, ways
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_http import KINDS
from tests.people import HOME, PASSWORD

from .conftest import House, close_house, open_house
from .rows import News

TOKEN = "7770001:AAcanaryOfAConnectedBot-00000qZwXvKj8"
REFUSED = "7770002:AAcanaryThatNobodyKnows-00000hGbNmRt5"
CHAT = 7_770_003


@dataclass
class Planted:
    """A house with a connected bot, and everything that must stay inside it."""

    house: House
    telegram: FakeTelegram
    connection: int
    uuid: UUID
    dialog: int
    secrets: dict[str, str]
    encrypted: bytes

    def found_in(self, words: str) -> list[str]:
        """The secrets that these words give away."""
        return [name for name, secret in self.secrets.items() if any(form in words for form in forms(secret))]


def forms(secret: str) -> set[str]:
    """How a secret may look: as it is, in an address, in bytes; of a bot's token eight signs already are too many."""
    tail = secret[-8:] if ":" in secret else secret
    return {secret, tail, quote(secret, safe=""), tail.encode().hex()}


@pytest.fixture(scope="module")
def planted(worker_id: str) -> Iterator[Planted]:
    with (
        databases.clone(f"canaries_{worker_id}_{os.getpid()}") as urls,
        FakeTelegram({TOKEN: "canary_bot"}) as telegram,
    ):
        house = open_house(urls)
        house.app.config["TELEGRAM_API_URL"] = telegram.url
        telegram.know(CHAT)
        path = "/dashboard/integrations/connect/telegram"
        form = {"token": TOKEN, "name": "Бот", "funnel": str(house.rows[HOME]["funnel"]["id"])}
        assert sign_in(house.app, house.people.admin).post(path, data=form).status_code == 201
        yield _talk(house, telegram)
        close_house(house)


def _talk(house: House, telegram: FakeTelegram) -> Planted:
    """A client writes to the bot."""
    with house.app.app_context():
        enter_organization(HOME)
        row = connections.list_connections(house.people.admin.actor)[-1]
        wiring = connections.get_wiring(access.system(HOME), row["id"])
        assert wiring is not None
        opened = connections.open_secrets(wiring.secret_encrypted)
        heard = inbound.receive(access.client(HOME), row["id"], "telegram", News(str(CHAT)))
        uuid: UUID = db.session.execute(
            text("SELECT uuid FROM dialog WHERE id = :id"), {"id": heard.dialog_id}
        ).scalar_one()
        db.session.commit()
    assert opened["token"] == TOKEN
    assert heard.dialog_id is not None
    secrets = {
        "the bot's token": TOKEN,
        "a refused token": REFUSED,
        "the webhook's secret": opened["secret"],
        "a person's password": PASSWORD,
        "a person's bearer token": house.people.admin.token,
        "SECRET_KEY": databases.SECRET,
    }
    return Planted(house, telegram, row["id"], uuid, heard.dialog_id, secrets, bytes(wiring.secret_encrypted))


def walk(planted: Planted) -> str:
    """Everything that the application says of itself to everyone."""
    house = planted.house
    said = []
    values = {"uuid": planted.uuid, "connection_id": planted.connection}
    for way in ways(house.app):
        if way.method != "GET" or way.endpoint in STREAMS:
            continue
        own = {**house.values(HOME, way.endpoint), **values}
        own |= {"id": planted.connection} if way.endpoint.startswith("api_connections") else {}
        for person in (house.people.admin, house.people.viewer, house.people.stranger, None):
            answer = knock(house.app, way, address(house.app, way, own), person, htmx=False)
            said.append(f"{answer.headers}\n{answer.get_data(as_text=True)}")
    house.rest()
    return "\n".join(said)


def refusals(planted: Planted) -> str:
    """What is said to those who bring a token or a password that is refused."""
    house = planted.house
    funnel = house.rows[HOME]["funnel"]["id"]
    said = []
    for token in (REFUSED, TOKEN, f"{REFUSED}\n", f"{TOKEN}?x=1", f"{TOKEN}/../{TOKEN}", "x" * 600 + TOKEN):
        path = f"/api/organization/{HOME}/funnel/{funnel}/messenger_connection"
        wish = {"messenger_type": "telegram", "token": token}
        answers = [
            house.app.test_client().post(path, json=wish, headers=house.people.admin.headers),
            house.app.test_client().post(path, json={**wish, "name": 5}, headers=house.people.admin.headers),
            sign_in(house.app, house.people.admin).post(
                "/dashboard/integrations/connect/telegram", data={"token": token, "funnel": str(funnel)}
            ),
        ]
        assert all(400 <= answer.status_code < 500 for answer in answers), [answer.status_code for answer in answers]
        said += [f"{answer.headers}\n{answer.get_data(as_text=True)}" for answer in answers]
    form = {"grant_type": "password", "username": "nobody@test.example", "password": PASSWORD}
    said.append(house.app.test_client().post("/api/token", data=form).get_data(as_text=True))
    said.append(
        house.app.test_client().post("/login", data={"email": "x", "password": PASSWORD}).get_data(as_text=True)
    )
    return "\n".join(said)


def troubles(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that can go wrong between us and the messenger, through the real tasks."""
    house, telegram = planted.house, planted.telegram
    monkeypatch.setattr(queue, "_flask", house.app)
    for kind in sorted(kind for kind in KINDS if not kind.startswith("hang")):
        with house.admin.begin() as connection:  # nothing waits, nobody has left: each fault is met
            connection.execute(text("UPDATE outbox SET status = 'sent' WHERE status IN ('queued', 'sending')"))
            connection.execute(text("UPDATE dialog SET unsubscribed = false"))
            connection.execute(text("UPDATE messenger_connection SET paused_until = NULL, status = 'ok'"))
        telegram.fail_next(2, kind, method="*")
        with house.app.app_context():
            enter_organization(HOME)
            messages.write(house.people.manager.actor, planted.uuid, text=f"слова {kind}")
            db.session.commit()
        run("deliver", dialog_id=planted.dialog)
        run("subscribe", connection_id=planted.connection)
    telegram.revoke(TOKEN)
    run("subscribe", connection_id=planted.connection)


def run(name: str, **arguments: int) -> None:
    """Run a task; what it raises is logged as by the worker."""
    try:
        queue.jobs.tasks[name].func(org_id=HOME, **arguments)
    except Exception:
        logging.getLogger("procrastinate").exception("the task failed")


def everything_kept(house: House) -> dict[str, str]:
    """Each table as text, the jobs and their arguments too."""
    found = {}
    with house.admin.connect() as connection:
        names = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        for table in connection.scalars(text(names)).all():
            found[table] = str(connection.scalar(text(f"SELECT string_agg(t::text, '|') FROM {table} t")))
    return found


def test_no_secret_comes_out(
    planted: Planted,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with caplog.at_level(logging.INFO):
        said = walk(planted) + refusals(planted)
        troubles(planted, monkeypatch)
        said += walk(planted)
    assert planted.found_in(said) == []
    assert planted.encrypted.decode() not in said  # not even locked up does it leave
    written = "\n".join(f"{record.getMessage()} {record.exc_text or ''} {record.__dict__}" for record in caplog.records)
    assert planted.found_in(written) == []
    printed = capfd.readouterr()
    assert planted.found_in(printed.out + printed.err) == []
    kept = everything_kept(planted.house)
    assert {table: found for table, words in kept.items() if (found := planted.found_in(words))} == {}
    assert "deliver" in kept["procrastinate_jobs"]
    assert str(planted.connection) in said  # the walk has seen the connection
    assert [word for word in ("uncertain", "failed") if word not in kept["message"]] == []  # the faults were met


def test_a_secret_that_comes_out_is_found(planted: Planted) -> None:
    assert planted.found_in(f"https://api.telegram.org/bot{TOKEN}/getMe") == ["the bot's token"]
    assert planted.found_in(f"\\x{TOKEN.partition(':')[2].encode().hex()}") == ["the bot's token"]
    assert planted.found_in(quote(REFUSED, safe="")) == ["a refused token"]
    assert planted.found_in(f"…{TOKEN[-4:]}") == []


def test_a_secret_in_a_representation_is_hidden(planted: Planted) -> None:
    """What a traceback with its variables would show."""
    opened = Credentials(token=TOKEN, secret="the secret of a webhook")
    assert planted.found_in(repr(opened)) == []
    assert "the secret of a webhook" not in repr(opened)
