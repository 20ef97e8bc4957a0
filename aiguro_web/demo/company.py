"""The furniture of a company of the demo: a funnel with its stages, assistants and reminders, and its connections."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from ..extensions import db
from ..models import Assistant, FollowupRule, Funnel, MessengerConnection, PromptVersion
from ..models.messenger_connection import ConnectionStatus, MessengerType
from ..services import funnels, secrets
from ..services.access import Actor
from .lines import ProductLine


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the talks of one product line happen: ids, and the stages as (id, name) in their order."""

    product: ProductLine
    funnel_id: int
    stages: list[tuple[int, str]]
    webchat_id: int


def open_desk(admin: Actor, product: ProductLine, at: datetime) -> Desk:
    """The funnel of a product line with all that belongs to it."""
    funnel = Funnel(
        org_id=admin.home,
        name=product.name,
        display_name=product.name,
        description=product.description,
        is_active=True,
        role_instruction=product.role,
        hand_over_text=product.hand_over_text,
        created_at=at,
        updated_at=at,
    )
    db.session.add(funnel)
    db.session.flush()  # its id
    stages = [_add_stage(admin, funnel.id, product, number) for number in range(len(funnels.FIRST_STAGES))]
    _date_back(admin, at)
    return Desk(product, funnel.id, stages, _add_webchat(admin, product, funnel.id, at))


def _add_stage(admin: Actor, funnel_id: int, product: ProductLine, number: int) -> tuple[int, str]:
    name, code = funnels.FIRST_STAGES[number]
    stage = funnels.add_stage(admin, funnel_id, name, code, number + 1, product.prompts[number])
    for step, reminder in enumerate(product.reminders[number], 1):
        db.session.add(
            FollowupRule(org_id=admin.home, stage_id=stage.id, step=step, delay_minutes=reminder.delay,
                         text=reminder.text, prompt=reminder.prompt)
        )  # fmt: skip
    return stage.id, stage.name


def _date_back(admin: Actor, at: datetime) -> None:
    """The prompts were written when the company was founded."""
    for table in (Assistant, PromptVersion):
        db.session.execute(db.update(table).where(table.org_id == admin.home).values(created_at=at))
    db.session.execute(db.update(Assistant).where(Assistant.org_id == admin.home).values(updated_at=at))


def _add_webchat(admin: Actor, product: ProductLine, funnel_id: int, at: datetime) -> int:
    """A web chat whose address is the same on this installation every time, and guessed by nobody."""
    return _add_connection(
        admin, product.talks, MessengerType.webchat, at, funnel_id=funnel_id, name=product.chat, is_active=True
    )


def add_former_bot(admin: Actor, now: datetime) -> int:
    """A Telegram bot that was removed: its talks stay, and an answer there fails with the reason."""
    return _add_connection(
        admin, "telegram", MessengerType.telegram, now - timedelta(days=40), name="Бот мастерской",
        username="former_demo_bot", account="Бот мастерской", is_active=False, removed_at=now - timedelta(hours=77),
    )  # fmt: skip


def _add_connection(admin: Actor, label: str, kind: MessengerType, at: datetime, **more: object) -> int:
    connection = MessengerConnection(
        org_id=admin.home,
        messenger_type=kind,
        account_id=f"demo-{derived(admin.home, f'{label} account')}",
        secret_encrypted=secrets.encrypt(f"\n{derived(admin.home, f'{label} secret')}"),
        key=derived(admin.home, label),
        status=ConnectionStatus.ok,
        created_at=at,
        updated_at=at,
        **more,
    )
    db.session.add(connection)
    db.session.flush()  # its id
    return connection.id


def derived(org_id: int, label: str) -> str:
    """32 characters that only this installation's SECRET_KEY gives."""
    key = current_app.config["SECRET_KEY"].split(",")[0].strip().encode()
    digest = hmac.new(key, f"aiguro demo/{org_id}/{label}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:24]).decode()
