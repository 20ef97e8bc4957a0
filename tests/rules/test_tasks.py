"""Every task may run twice: a worker that dies leaves its jobs to another. What is enqueued exists and has a worker."""

from __future__ import annotations

import ast
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aiguro_web import queue, tasks
from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import access, connections, inbound, messages, trials
from tests import databases
from tests.fakes.telegram import FakeTelegram
from tests.people import HOME

from . import twice
from .conftest import House, close_house, open_house
from .rows import News
from .sources import Source, of_rooms, sources

numbers = count(1)
Again = Callable[[], None]


def our_tasks() -> dict[str, str]:
    """Name and queue of every task."""
    assert tasks
    return {name: task.queue for name, task in queue.jobs.tasks.items() if task.queue != "builtin"}


@pytest.fixture(scope="module")
def _house(worker_id: str) -> Iterator[House]:
    with databases.clone(f"tasks_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        with house.admin.begin() as connection:  # the rows of the walks would be work, too
            connection.execute(text("UPDATE outbox SET status = 'sent'"))
            connection.execute(text("UPDATE dialog SET status = 'closed'"))
        yield house
        close_house(house)


@pytest.fixture
def telegram(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    monkeypatch.setattr(queue, "_flask", house.app)
    with FakeTelegram({}) as fake:
        monkeypatch.setitem(house.app.config, "TELEGRAM_API_URL", fake.url)
        yield fake


class Stage:
    """A bot of this test alone, and a client who wrote to it."""

    def __init__(self, house: House, telegram: FakeTelegram) -> None:
        self.house, self.telegram = house, telegram
        number = next(numbers) + 2_000_000
        self.token = f"{number}:AA{number:033}"
        self.chat_id = number
        telegram.add_bot(self.token, f"bot_{number}")
        telegram.know(self.chat_id, token=self.token)
        who = house.people.admin.actor
        with house.app.app_context():
            enter_organization(HOME)
            self.connection = connections.create(
                who, funnel_id=None, messenger_type="telegram", account_id=str(number), token=self.token
            )["id"]
            db.session.commit()
        self.dialog = self._talk()

    def _talk(self) -> int:
        with self.house.app.app_context():
            enter_organization(HOME)
            heard = inbound.receive(access.client(HOME), self.connection, "telegram", News(str(self.chat_id))).dialog_id
            db.session.commit()
        assert heard is not None
        with self.house.admin.begin() as connection:  # the greeting of the funnel is not what is tested
            connection.execute(text("UPDATE outbox SET status = 'sent' WHERE dialog_id = :id"), {"id": heard})
        return heard

    def write(self, words: str) -> None:
        """A manager answers."""
        with self.house.app.app_context():
            enter_organization(HOME)
            messages.write(self.house.people.manager.actor, self.uuid, text=words)
            db.session.commit()

    @property
    def uuid(self) -> UUID:
        found: UUID = self.ask("SELECT uuid FROM dialog WHERE id = :dialog")
        return found

    def ask(self, query: str) -> Any:
        with self.house.admin.connect() as connection:
            return connection.execute(text(query), {"dialog": self.dialog, "connection": self.connection}).scalar()

    def sent(self) -> list[str]:
        return [message.text for message in self.telegram.sent]

    def deliver(self) -> None:
        run("deliver", org_id=HOME, dialog_id=self.dialog)


def run(name: str, **arguments: int) -> None:
    """Run a registered task as the worker does."""
    queue.jobs.tasks[name].func(**arguments)


@pytest.fixture
def stage(house: House, telegram: FakeTelegram) -> Stage:
    return Stage(house, telegram)


def run_deliver(stage: Stage) -> Again:
    stage.write("один")
    stage.write("два")
    stage.deliver()
    return lambda: stage.deliver()


def run_sweep(stage: Stage) -> Again:
    stage.write("потеряно")
    with stage.house.admin.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        connection.execute(
            text("UPDATE outbox SET updated_at = now() - interval '1 hour', not_before = now() - interval '1 hour'")
        )
    run("sweep_outbox", timestamp=0)
    jobs = stage.ask("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'deliver'")
    assert jobs == 1
    stage.deliver()

    def again() -> None:
        run("sweep_outbox", timestamp=0)
        stage.deliver()

    return again


def run_subscribe(stage: Stage) -> Again:
    run("subscribe", org_id=HOME, connection_id=stage.connection)
    assert stage.ask("SELECT status FROM messenger_connection WHERE id = :connection") == "ok"
    return lambda: run("subscribe", org_id=HOME, connection_id=stage.connection)


def run_subscribe_all(stage: Stage) -> Again:
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'subscribe' AND args->>'connection_id' = :id"
    with stage.house.admin.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))

    def counted() -> None:
        run("subscribe_all")
        with stage.house.admin.connect() as connection:
            assert connection.scalar(text(jobs), {"id": str(stage.connection)}) == 1

    counted()
    return counted


def run_unsubscribe(stage: Stage) -> Again:
    with stage.house.app.app_context():
        enter_organization(HOME)
        connections.remove(stage.house.people.admin.actor, stage.connection)
        db.session.commit()
    run("unsubscribe", org_id=HOME, connection_id=stage.connection)
    assert stage.telegram.calls("deleteWebhook")
    return lambda: run("unsubscribe", org_id=HOME, connection_id=stage.connection)


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OLD_TOKEN = "INSERT INTO api_token (user_id, jti, expires_at) VALUES (:user, :jti, now() - interval '9 days')"


def run_delete_expired(stage: Stage) -> Again:
    with stage.house.admin.begin() as connection:
        connection.execute(
            text(OLD_TOKEN), {"user": stage.house.people.admin.actor.user_id, "jti": f"old{stage.chat_id}"}
        )
    run("delete_expired_tokens", timestamp=0)
    assert stage.ask("SELECT count(*) FROM api_token WHERE expires_at < now()") == 0
    return lambda: run("delete_expired_tokens", timestamp=0)


def run_trial_reply(stage: Stage) -> Again:
    with stage.house.app.app_context():
        enter_organization(HOME)
        dialog = trials.begin(stage.house.people.manager.actor, stage.house.rows[HOME]["funnel"]["id"], words="почём?")
        message = db.session.execute(
            text("SELECT id FROM message WHERE org_id = :org AND dialog_id = :id"), {"org": HOME, "id": dialog.id}
        ).scalar_one()
        stage.dialog = dialog.id
        db.session.commit()
    arguments = {"org_id": HOME, "dialog_id": stage.dialog, "message_id": message}
    run("trial_reply", **arguments)
    assert stage.ask("SELECT array_agg(role ORDER BY id) FROM message WHERE dialog_id = :dialog") == ["user", "system"]
    return lambda: run("trial_reply", **arguments)


def run_erase_deleted_dialogs(stage: Stage) -> Again:
    with stage.house.admin.begin() as connection:
        old = "UPDATE dialog SET deleted_at = now() - interval '31 days' WHERE id = :id"
        connection.execute(text(old), {"id": stage.dialog})
    run("erase_deleted_dialogs", timestamp=0)
    assert stage.ask("SELECT count(*) FROM message WHERE dialog_id = :dialog") == 0
    assert stage.ask("SELECT count(*) FROM dialog WHERE id = :dialog") == 0
    return lambda: run("erase_deleted_dialogs", timestamp=0)


# Each prepares its rows, runs the task once, and gives what runs it again. New ones: a file in twice/.
TWICE: dict[str, Callable[[Stage], Again]] = {
    "trial_reply": run_trial_reply,
    "erase_deleted_dialogs": run_erase_deleted_dialogs,
    "deliver": run_deliver,
    "sweep_outbox": run_sweep,
    "subscribe": run_subscribe,
    "subscribe_all": run_subscribe_all,
    "unsubscribe": run_unsubscribe,
    "delete_expired_tokens": run_delete_expired,
    **twice.TWICE,
}


@pytest.mark.parametrize("name", TWICE)
def test_a_task_may_run_twice(stage: Stage, name: str) -> None:
    again = TWICE[name](stage)
    before, sent = _state(stage), stage.sent()
    again()
    assert stage.sent() == sent
    assert _state(stage) == before
    if name == "deliver":
        assert sent == ["один", "два"]


def _state(stage: Stage) -> tuple[object, object]:
    """Everything that is kept, but for the jobs themselves and for the moment of the last look."""
    with stage.house.admin.connect() as connection:
        tokens = connection.scalar(text("SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM api_token t"))
    return stage.house.fingerprint(HOME), tokens


def test_every_task_is_tried_twice_here() -> None:
    assert set(our_tasks()) == set(TWICE)


def test_two_deliveries_at_once_send_each_message_once(stage: Stage) -> None:
    for number in range(6):
        stage.write(f"сообщение {number}")
    threads = [threading.Thread(target=stage.deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert stage.sent() == [f"сообщение {number}" for number in range(6)]


def test_a_piece_whose_worker_died_is_not_sent_again(stage: Stage) -> None:
    stage.write("полдела")
    with stage.house.admin.begin() as connection:
        taken = "UPDATE outbox SET status = 'sending', attempts = 1, updated_at = now() - interval '1 minute' "
        taken += "WHERE dialog_id = :id AND status = 'queued'"
        connection.execute(text(taken), {"id": stage.dialog})
    stage.deliver()
    stage.deliver()
    assert stage.sent() == []
    last = "SELECT status FROM message WHERE dialog_id = :dialog ORDER BY id DESC LIMIT 1"
    assert stage.ask(last) == "uncertain"


def test_every_queue_has_a_worker() -> None:
    """tasks/worker.py starts one for each of QUEUES."""
    assert set(our_tasks().values()) <= set(queue.QUEUES)
    assert all(number > 0 for number in queue.QUEUES.values())
    with pytest.raises(ValueError, match="unknown queue"):
        queue.task("made up", queue="nobody works here")


def enqueued(source: Source) -> set[str]:
    """The names given to `enqueue`; a name that is computed is read from the assignments to it in its function."""
    functions = [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)]
    return {
        word
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "enqueue"
        for word in _words(node.args[0], function)
    }


def _words(node: ast.expr, function: ast.FunctionDef) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return _words(node.body, function) | _words(node.orelse, function)
    values = [
        item.value
        for item in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(item, ast.Assign)
        and any(getattr(target, "id", "") == node.id for target in item.targets)
    ]  # fmt: skip
    return {word for value in values for word in _words(value, function)} or {f"? {ast.unparse(node)}"}


ENQUEUING = [source for source in sources() if "enqueue(" in source.text and source.room != "queue"]


@pytest.mark.parametrize("source", ENQUEUING, ids=lambda source: source.path)
def test_every_name_that_is_enqueued_exists(source: Source) -> None:
    assert enqueued(source) <= set(our_tasks())
    assert enqueued(source)


def test_a_name_that_does_not_exist_is_found() -> None:
    made_up = Source(
        "services/x.py", 'def f(on):\n    name = "subscribe" if on else "forget"\n    enqueue(name, org_id=1)'
    )
    assert enqueued(made_up) == {"subscribe", "forget"}
    assert enqueued(Source("services/x.py", "def f():\n    enqueue(pick())")) == {"? pick()"}


def test_no_door_enqueues() -> None:
    """So that whoever may not do a thing cannot plan it either."""
    rooms = ("api", "pages", "webhooks", "web", "channels")
    assert [source.path for source in of_rooms(*rooms) if "enqueue(" in source.text or ".defer(" in source.text] == []
