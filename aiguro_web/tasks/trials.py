"""Answering in trial dialogs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from flask import current_app
from procrastinate import RetryStrategy

from ..queue import task, transaction
from ..services import access, trials

log = structlog.get_logger(__name__)
AGAIN = RetryStrategy(max_attempts=5, wait=1, linear_wait=5)  # the database went away
LIMIT = 45.0  # seconds for testing an assistant (contract.md §1)
SETTINGS = ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL")


@task("trial_reply", retry=AGAIN)
def trial_reply(org_id: int, dialog_id: int, message_id: int) -> None:
    """What the assistant says to a message of a trial dialog's client; at the limit the dialog gets a word of that."""
    who = access.assistant(org_id)
    with transaction(who):
        waiting = trials.is_waiting(who, dialog_id, message_id)
    if not waiting:
        return
    words = _in_time(partial(_answer, dict(current_app.config)))
    with transaction(who):
        trials.reply(who, dialog_id, message_id, words)


def _answer(config: Mapping[str, Any]) -> str:
    """No model is asked yet: what people are told instead."""
    missing = [name for name in SETTINGS if not config[name]]
    if missing:
        return (
            "Ассистент не настроен: не задана модель. Задайте в настройках сервера (переменные окружения) "
            + ", ".join(missing)
        )
    return "Ассистент не ответил: эта версия AIGURO ещё не обращается к модели, хотя её адрес и ключ заданы"


def _in_time(answer: Callable[[], str]) -> str:
    """What `answer` says within LIMIT, or why it said nothing. What runs longer ends by itself, unheard."""
    said: list[str] = []

    def ask() -> None:
        try:
            said.append(answer())
        except Exception:
            log.exception("trial_reply_failed")
            said.append("Ассистент не смог ответить: ошибка на нашей стороне")

    thread = threading.Thread(target=ask, name="trial-answer", daemon=True)  # never keeps a worker from ending
    thread.start()
    thread.join(LIMIT)
    return said[0] if said else f"Ассистент не ответил за {LIMIT:.0f} секунд: ожидание прекращено"
