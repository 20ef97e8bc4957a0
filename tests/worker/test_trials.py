"""The worker answers in trial dialogs: once, in time, honestly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from aiguro_web import queue
from aiguro_web.extensions import db
from aiguro_web.models import Message, Outbox
from aiguro_web.models.dialog import DialogStatus
from aiguro_web.queue import transaction
from aiguro_web.services import access, dialog_moves, dialog_removal, funnels, trials
from aiguro_web.tasks import trials as task
from tests.people import HOME, People, load
from tests.worker.company import Company
from tests.worker.processes import wait_until

NOT_SET_UP = "Ассистент не настроен: не задана модель"


def test_a_trial_is_answered_by_the_worker_within_seconds(company: Company) -> None:
    with company.acting():
        funnel_id = funnels.list_funnels(company.who)[0]["id"]
        dialog = trials.begin(company.who, funnel_id, words="Сколько стоит?")
        id, uuid = dialog.id, dialog.uuid
    answers = "SELECT text FROM message WHERE dialog_id = %s AND role = 'system'"
    words = wait_until(lambda: company.value(answers, id), 10, "the answer")
    assert words.startswith(NOT_SET_UP)
    with company.acting():
        trials.say(company.who, uuid, funnel_id, role="user", text="А доставка?")
    wait_until(lambda: len(company.rows(answers, id)) == 2, 10, "the second answer")
    assert company.rows("SELECT id FROM outbox WHERE dialog_id = %s", id) == []


@dataclass
class Trial:
    """A trial dialog on a database of its own, whose worker is the test."""

    who: People
    funnel_id: int
    dialog_id: int
    uuid: UUID

    def say(self, words: str) -> int:
        with transaction(self.who.manager.actor):
            row = trials.say(self.who.manager.actor, self.uuid, self.funnel_id, role="user", text=words)
            return row["id"]

    def run(self, message_id: int) -> None:
        queue.jobs.tasks["trial_reply"].func(org_id=HOME, dialog_id=self.dialog_id, message_id=message_id)

    def answers(self) -> list[str]:
        with transaction(self.who.manager.actor):
            assert db.session.scalars(select(Outbox.id)).all() == []
            query = select(Message.text).where(Message.role == "system").order_by(Message.id)
            return list(db.session.scalars(query))


@pytest.fixture
def trial(committed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Trial:
    monkeypatch.setattr(queue, "_flask", committed_app)
    who = load()
    with transaction(who.manager.actor):
        funnel_id = funnels.list_funnels(who.manager.actor)[0]["id"]
        dialog = trials.begin(who.manager.actor, funnel_id)
        return Trial(who, funnel_id, dialog.id, dialog.uuid)


def test_an_answer_comes_once_however_often_the_job_runs(trial: Trial) -> None:
    message = trial.say("Почём?")
    for _ in range(3):
        trial.run(message)
    assert len(trial.answers()) == 1
    assert trial.answers()[0] == NOT_SET_UP + (
        ". Задайте в настройках сервера (переменные окружения) LLM_BASE_URL, LLM_API_KEY, LLM_MODEL"
    )


def test_of_several_messages_the_newest_is_answered(trial: Trial) -> None:
    messages = [trial.say(words) for words in ("Здравствуйте", "это снова я", "почём?")]
    for message in messages:
        trial.run(message)
    assert len(trial.answers()) == 1


def test_at_the_limit_the_dialog_says_so(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    assert task.LIMIT == 45
    monkeypatch.setattr(task, "LIMIT", 0.3)
    monkeypatch.setattr(task, "_answer", lambda config: time.sleep(3) or "поздно")
    began = time.monotonic()
    trial.run(trial.say("Почём?"))
    assert time.monotonic() - began < 2
    assert trial.answers() == ["Ассистент не ответил за 0 секунд: ожидание прекращено"]


def test_an_error_is_told_without_its_details(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(config: object) -> str:
        raise RuntimeError("secret of the server")

    monkeypatch.setattr(task, "_answer", fail)
    trial.run(trial.say("Почём?"))
    assert trial.answers() == ["Ассистент не смог ответить: ошибка на нашей стороне"]


def test_only_what_is_missing_is_named(trial: Trial, committed_app: Flask) -> None:
    committed_app.config.update(LLM_BASE_URL="https://llm.example", LLM_MODEL="m")
    trial.run(trial.say("Почём?"))
    assert trial.answers()[0].endswith("(переменные окружения) LLM_API_KEY")


@pytest.mark.parametrize("meanwhile", ["a newer message", "deleted", "switched off", "closed"])
def test_what_became_stale_while_the_model_thought_is_dropped(trial, monkeypatch, meanwhile: str) -> None:
    message = trial.say("Почём?")
    person, uuid = trial.who.manager.actor, trial.uuid

    def answer(config: object) -> str:
        if meanwhile == "a newer message":
            trial.say("забудьте")
        else:
            with transaction(person):
                if meanwhile == "deleted":
                    dialog_removal.remove(person, uuid, trial.funnel_id)
                elif meanwhile == "closed":
                    dialog_moves.change(person, uuid, trial.funnel_id, dialog_moves.Wish(status=DialogStatus.closed))
                else:
                    dialog_moves.switch_assistant(person, uuid, False)
        return "устаревшее"

    monkeypatch.setattr(task, "_in_time", lambda work: answer(None))
    trial.run(message)
    assert "устаревшее" not in trial.answers()


def test_another_organisations_trial_is_not_answered(trial: Trial) -> None:
    message = trial.say("Почём?")
    with transaction(access.assistant(2)):
        assert not trials.is_waiting(access.assistant(2), trial.dialog_id, message)
        trials.reply(access.assistant(2), trial.dialog_id, message, "чужое")
    assert trial.answers() == []
