"""A list of dialogs that is confirmed without being built: never stale after a commit, in whichever order they commit."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from flask import Flask

from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import access, dialog_lists, inbound
from tests import databases, people
from tests.people import HOME, OTHER
from tests.services.test_inbound import News

LIST = f"/api/organization/{HOME}/funnel/0/dialogs"


class Shop:
    """One dialog, a reader, and a way to write past the application."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        from aiguro_web.services import connections, funnels

        self.app, self.built = app, 0
        self.who = people.load()
        enter_organization(HOME)
        self.funnel = funnels.list_funnels(self.who.admin.actor)[0]["id"]
        bot = connections.create(self.who.admin.actor, funnel_id=self.funnel, messenger_type="webchat", name="чат")
        inbound.receive(access.client(HOME), bot["id"], "webchat", News("1", text="Здравствуйте"))
        db.session.commit()
        db.session.remove()
        self.owner = databases.plain(app.config["DATABASE_OWNER_URL"])
        read = dialog_lists.list_json

        def counted(*arguments: Any, **options: Any) -> Any:
            self.built += 1
            return read(*arguments, **options)

        monkeypatch.setattr(dialog_lists, "list_json", counted)

    def ask(self, tag: str = "", path: str = LIST) -> tuple[int, str, bytes, bool]:
        """Status, tag, body, and whether the list was built."""
        before = self.built
        headers = self.who.viewer.headers | ({"If-None-Match": tag} if tag else {})
        answer = self.app.test_client().get(path, headers=headers)
        return answer.status_code, answer.headers.get("ETag", ""), answer.data, self.built > before

    def writer(self, org: int = HOME) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self.owner)
        connection.execute("SELECT set_config('app.org_id', %s, false)", [str(org)])
        connection.commit()
        return connection


@pytest.fixture
def shop(committed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(committed_app, monkeypatch)


def test_what_is_unchanged_is_not_built_again(shop: Shop) -> None:
    _, tag, _, built = shop.ask()
    assert built
    for _ in range(3):
        status, again, body, built = shop.ask(tag)
        assert (status, again, body, built) == (304, tag, b"", False)


CHANGES = {
    "a dialog": "UPDATE dialog SET price = price + 1",
    "a dialog that is deleted": "UPDATE dialog SET deleted_at = now()",
    "its client": "UPDATE client SET name = 'Новое имя'",
    "its stage": "UPDATE stage SET name = 'Новый этап'",
    "its manager": "UPDATE dialog SET manager_id = (SELECT min(id) FROM app_user)",
    "a new dialog": "INSERT INTO dialog (org_id, funnel_id, stage_id, client_id) SELECT org_id, funnel_id, stage_id, client_id FROM dialog LIMIT 1",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_is_shown_is_never_confirmed(shop: Shop, change: str) -> None:
    _, tag, body, _ = shop.ask()
    with shop.writer() as writer:
        writer.execute(CHANGES[change])
    status, newer, new_body, _ = shop.ask(tag)
    assert status == 200
    assert newer != tag
    assert new_body != body


def test_a_managers_name_and_a_closed_funnel_count_too(shop: Shop) -> None:
    path = f"/api/organization/{HOME}/funnel/{shop.funnel}/dialogs"
    with shop.writer() as writer:
        writer.execute("UPDATE dialog SET manager_id = %s", [shop.who.manager.actor.user_id])
    _, tag, _, _ = shop.ask(path=path)
    with shop.writer() as writer:
        writer.execute("UPDATE app_user SET name = 'Новое имя' WHERE id = %s", [shop.who.manager.actor.user_id])
    status, tag, body, _ = shop.ask(tag, path)
    assert status == 200
    assert "Новое имя" in body.decode()
    with shop.writer() as writer:
        writer.execute("UPDATE dialog SET deleted_at = now()")
    _, tag, _, _ = shop.ask(path=path)
    with shop.writer() as writer:
        writer.execute("UPDATE funnel SET archived_at = now() WHERE id = %s", [shop.funnel])
    assert shop.ask(tag, path)[0] == 404


def test_a_change_elsewhere_is_compared_and_still_a_304(shop: Shop) -> None:
    path = f"{LIST}?status=active"
    _, tag, _, _ = shop.ask(path=path)
    with shop.writer() as writer:
        writer.execute("UPDATE client SET merged_into = NULL")
    assert shop.ask(tag, path)[:4:3] == (304, True)
    assert shop.ask(tag, path)[:4:3] == (304, False)


def test_another_organisations_changes_mean_nothing(shop: Shop) -> None:
    _, tag, _, _ = shop.ask()
    with shop.writer(OTHER) as writer:
        writer.execute("INSERT INTO client (org_id, name) VALUES (%s, 'чужой')", [OTHER])
    assert shop.ask(tag)[3] is False


def test_who_began_earlier_may_commit_later(shop: Shop) -> None:
    early, late = shop.writer(), shop.writer()
    early.execute("UPDATE dialog SET price = 100")
    late.execute("UPDATE client SET name = 'Анна'")
    late.commit()
    status, tag, body, _ = shop.ask()
    assert status == 200
    assert shop.ask(tag)[0] == 304, "what is not committed is not there"
    early.commit()
    status, _, new_body, _ = shop.ask(tag)
    assert (status, new_body != body) == (200, True)
    early.close()
    late.close()


def test_a_rolled_back_change_changes_nothing(shop: Shop) -> None:
    _, tag, _, _ = shop.ask()
    writer = shop.writer()
    writer.execute("UPDATE dialog SET price = 100")
    writer.rollback()
    writer.close()
    assert shop.ask(tag)[:2] == (304, tag)


def test_another_process_builds_the_list_once_and_knows_it_then(shop: Shop) -> None:
    _, tag, _, _ = shop.ask()
    config = shop.app.config
    other = databases.make_app(SimpleNamespace(app=config["DATABASE_URL"], owner=config["DATABASE_OWNER_URL"]))  # type: ignore[arg-type]
    shop.app, mine = other, shop.app
    assert [shop.ask(tag)[3] for _ in range(2)] == [True, False]
    shop.app = mine


def test_readers_among_writers_never_keep_what_is_over(shop: Shop) -> None:
    """Whatever is committed before a question is in its answer, also in a 304's."""
    stop, wrong = threading.Event(), list[str]()
    latest = {"price": 0}
    lock = threading.Lock()

    def write() -> None:
        with shop.writer() as writer:
            while not stop.is_set():
                with lock:
                    price = latest["price"] + 1
                    writer.execute("UPDATE dialog SET price = %s", [price])
                    writer.commit()
                    latest["price"] = price
                stop.wait(random.random() / 50)

    def hold() -> None:
        with shop.writer() as writer:
            while not stop.is_set():
                writer.execute("UPDATE client SET source = 'x' WHERE id < 0")
                writer.execute("SELECT pg_current_xact_id()")
                stop.wait(random.random() / 20)
                writer.commit()

    def read() -> None:
        client, tag, kept = shop.app.test_client(), "", 0.0
        while not stop.wait(0.01):  # within a caller's budget
            least = latest["price"]
            answer = client.get(LIST, headers=shop.who.viewer.headers | ({"If-None-Match": tag} if tag else {}))
            tag = answer.headers["ETag"]
            kept = answer.json[0]["price"] if answer.status_code == 200 else kept
            if kept < least:
                wrong.append(f"{kept} after {least} ({answer.status_code})")

    threads = [threading.Thread(target=work) for work in (write, hold, hold, read, read)]
    for thread in threads:
        thread.start()
    stop.wait(4)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []
    assert latest["price"] > 20
