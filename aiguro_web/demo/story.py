"""Telling a talk: its lines become the rows of one dialog, with the counters that services/transcript.py would keep."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ..models.dialog import DialogStatus, HandOverReason, Outcome
from ..models.message import MessageRole, MessageStatus
from ..services.transcript import preview
from .script import Line, Talk, duration

ZONE = ZoneInfo("Europe/Moscow")
ROLES = {"К": MessageRole.user, "А": MessageRole.assistant, "М": MessageRole.manager, "Р": MessageRole.manager}
# Seconds that pass before a line, by who speaks: from, to.
PACE = {"К": (35, 480), "А": (5, 16), "М": (100, 1100), "Р": (120, 1300)}
AT_ONCE = {"К": (12, 55), "А": (3, 8), "М": (15, 60), "Р": (15, 60)}  # the same person goes on
SEEN_AFTER = timedelta(hours=1)
NOTES = {
    HandOverReason.no_model: "Ассистент не настроен: диалог ждёт менеджера",
    HandOverReason.requested: "Ассистент передал диалог менеджеру: клиент просит человека",
    HandOverReason.error: "Ассистент не смог ответить: диалог ждёт менеджера",
    HandOverReason.refused: "Ассистент не взялся отвечать: диалог ждёт менеджера",
}
CLOSE_RATIOS = ((5, 25), (35, 55), (65, 90))  # by stage


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person of the company."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a talk takes place: whom it may name, and the ids that its rows need."""

    org_id: int
    client_id: int
    client_name: str
    speakers: dict[str, Speaker]  # by letter
    funnel_id: int
    stages: list[tuple[int, str]]  # id, name
    identity_id: int
    connection_id: int
    channel: str
    thread_id: str


@dataclass(slots=True)
class Told:
    """The rows of one dialog; its messages and stage entries still lack the dialog's id."""

    setting: Setting
    dialog: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)


def tell(talk: Talk, setting: Setting, now: datetime, chance: Random) -> Told:
    """The rows of `talk`, whose last word was said `talk.ago` before `now`."""
    moments = _moments(talk, _last_moment(talk.ago, now, chance), chance)
    telling = _Telling(talk, setting, chance, moments[0])
    for line, at in zip(talk.lines, moments, strict=True):
        telling.hear(line, at)
    return telling.finish()


def _last_moment(ago: str, now: datetime, chance: Random) -> datetime:
    """What happened days ago happened in the daytime."""
    if not ago.endswith("d"):
        return now - duration(ago)
    day = (now - duration(ago)).astimezone(ZONE)
    return day.replace(hour=chance.randint(10, 19), minute=chance.randint(0, 59)).astimezone(UTC)


def _moments(talk: Talk, last: datetime, chance: Random) -> list[datetime]:
    offset, before = timedelta(), ""
    offsets = []
    for line in talk.lines:
        if line.kind == "~":
            offset += duration(line.text) * chance.uniform(0.94, 1.06)
        elif line.kind in PACE:
            pace = AT_ONCE if line.kind == before else PACE
            offset += timedelta(seconds=chance.uniform(*pace[line.kind]))
            before = line.kind
        else:
            offset += timedelta(seconds=chance.uniform(0.4, 1.5))
        offsets.append(offset)
    return [last - offsets[-1] + each for each in offsets]


class _Telling:
    """A dialog while it is being told."""

    def __init__(self, talk: Talk, setting: Setting, chance: Random, begins: datetime) -> None:
        self.talk, self.setting, self.chance = talk, setting, chance
        self.stage = 1
        self.ai = True
        self.epoch = 0
        self.manager: int | None = None
        self.hand_over: HandOverReason | None = None
        self.unread = 0
        self.unanswered: datetime | None = None
        self.asked: datetime = begins
        self.messages: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self._enter(begins, "")

    def hear(self, line: Line, at: datetime) -> None:
        if line.kind in ROLES:
            self._spoken(line, at)
        elif line.kind == ">":
            self._move(at)
        elif line.kind == "!":
            self._hand_over(HandOverReason(line.text), at)
        elif line.kind == "*":
            self._say(MessageRole.system, line.text, at)
        elif self.ai and duration(line.text) >= SEEN_AFTER:
            self.unread = 0  # somebody looked meanwhile

    def finish(self) -> Told:
        """Close what is over, and count."""
        if self.talk.end:
            self._close()
        elif self.ai and self.chance.random() < 0.6:
            self.unread = 0
        self._deliver()
        return Told(self.setting, self._dialog(), self.messages, self.entries)

    def _spoken(self, line: Line, at: datetime) -> None:
        if line.kind == "К":
            self._asked(line, at)
            return
        speaker = self.setting.speakers.get(line.kind)
        if speaker is not None:
            self._take_over(speaker)
        sign, _, why = line.mark.partition(": ")
        troubled = sign in (MessageStatus.failed, MessageStatus.uncertain)
        self._say(
            ROLES[line.kind], line.text, at, speaker.name if speaker else "Ассистент",
            author_id=speaker.id if speaker else None, connection_id=self.setting.connection_id,
            status=MessageStatus(sign) if troubled else MessageStatus.sent, error=why or None,
            media="" if troubled else sign,
        )  # fmt: skip

    def _asked(self, line: Line, at: datetime) -> None:
        """The client speaks: nobody has read it, and without the assistant it waits for a person."""
        self.unread += 1
        self.asked = at
        if not self.ai and self.unanswered is None:
            self.unanswered = at
        edited = at + timedelta(seconds=40) if line.mark == "edited" else None
        media = "" if edited else line.mark
        self._say(MessageRole.user, line.text, at, self.setting.client_name, media=media, edited_at=edited)

    def _take_over(self, speaker: Speaker) -> None:
        self.ai, self.hand_over, self.unanswered, self.unread = False, None, None, 0
        self.epoch += 1
        self.manager = self.manager or speaker.id

    def _hand_over(self, reason: HandOverReason, at: datetime) -> None:
        self.ai, self.hand_over = False, reason
        self.epoch += 1
        self.unanswered = self.unanswered or self.asked
        self._say(MessageRole.system, NOTES[reason], at)

    def _move(self, at: datetime) -> None:
        left, entered = (self.setting.stages[number][1] for number in (self.stage - 1, self.stage))
        self.entries[-1]["left_at"] = at
        self.stage += 1
        name = next((s.name for s in self.setting.speakers.values() if s.id == self.manager), "Ассистент")
        self._enter(at, name)
        self._say(MessageRole.system, f"Этап: {left} → {entered}", at)

    def _enter(self, at: datetime, name: str) -> None:
        stage_id = self.setting.stages[self.stage - 1][0]
        self.entries.append({"stage_id": stage_id, "entered_at": at, "left_at": None, "actor_name": name})

    def _close(self) -> None:
        at = self.messages[-1]["created_at"] + timedelta(minutes=self.chance.randint(2, 40))
        closer = self.setting.speakers.get(self.talk.manager or "М")
        self._say(MessageRole.system, f"{closer.name if closer else 'Менеджер'}: диалог закрыт", at)
        self.unanswered, self.unread = None, 0

    def _say(self, role: MessageRole, text: str, at: datetime, name: str = "", **more: Any) -> None:
        given: dict[str, Any] = {
            "author_id": None, "status": None, "error": None, "media": "", "edited_at": None,
            "connection_id": self.setting.connection_id if role == MessageRole.user else None,
        } | more  # fmt: skip
        self.messages.append(
            {
                "org_id": self.setting.org_id,
                "role": role,
                "text": text,
                "author_name": name,
                "position": int(at.timestamp() * 1_000_000),
                "stage_number": self.stage,
                "created_at": at,
                **given,
            }
        )

    def _deliver(self) -> None:
        """A web chat tells what its visitor has seen: all before their last word, perhaps more. Telegram never does."""
        if self.setting.channel != "webchat":
            return
        asked = [number for number, row in enumerate(self.messages) if row["role"] == MessageRole.user]
        seen = len(self.messages) if self.chance.random() < 0.6 else asked[-1]
        for row in self.messages[:seen]:
            if row["status"] == MessageStatus.sent:
                row["status"] = MessageStatus.read

    def _dialog(self) -> dict[str, Any]:
        talk, setting = self.talk, self.setting
        said = [row for row in self.messages if row["role"] != MessageRole.system]
        assigned = setting.speakers.get(talk.manager)
        outcome, _, why = talk.end.partition(": ")
        return {
            **self._place(),
            "status": DialogStatus.closed if outcome else DialogStatus.active,
            "outcome": Outcome(outcome) if outcome else None,
            "lost_reason": why,
            "manager_id": assigned.id if assigned else self.manager,
            "ai": self.ai,
            "unsubscribed": talk.unsubscribed,
            "epoch": self.epoch,
            "hand_over_reason": None if outcome else self.hand_over,
            "messages_count": len(self.messages),
            "unread": self.unread,
            "last_message": preview(said[-1]["text"], said[-1]["media"]),
            "last_role": said[-1]["role"].value,
            "last_activity": said[-1]["created_at"],
            "unanswered_since": None if talk.unsubscribed else self.unanswered,
            "price": talk.price,
            "close_ratio": self._close_ratio(outcome),
            "tags": list(talk.tags),
            "description": talk.title,
            "created_at": self.messages[0]["created_at"],
            "updated_at": self.messages[-1]["created_at"],
        }

    def _place(self) -> dict[str, Any]:
        setting = self.setting
        return {
            "org_id": setting.org_id,
            "uuid": uuids.UUID(int=self.chance.getrandbits(128), version=4),
            "funnel_id": setting.funnel_id,
            "stage_id": setting.stages[self.stage - 1][0],
            "client_id": setting.client_id,
            "identity_id": setting.identity_id,
            "connection_id": setting.connection_id,
            "channel": setting.channel,
            "thread_id": setting.thread_id,
        }

    def _close_ratio(self, outcome: str) -> int:
        if outcome:
            return 100 if outcome == Outcome.won else 0
        low, high = CLOSE_RATIOS[self.stage - 1]
        return self.talk.chance or self.chance.randrange(low, high + 1, 5)
