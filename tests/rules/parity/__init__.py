"""What can be written through both doors, JSON and page, is the same write: same refusals, same rows, same limits. One
file a noun; what they share stands here."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import access, inbound
from tests.people import HOME

from ..conftest import House
from ..rows import News

numbers = count(1)
MEANING = {
    200: "done",
    201: "done",
    204: "done",
    400: "invalid",
    422: "invalid",
    403: "forbidden",
    404: "absent",
    409: "conflict",
}


def talk(house: House) -> UUID:
    """A new dialog with one message of its client."""
    with house.app.app_context():
        enter_organization(HOME)
        who, bot = access.client(HOME), house.rows[HOME]["messenger_connection"]["id"]
        heard = inbound.receive(who, bot, "telegram", News(f"chat{next(numbers)}"))
        uuid: UUID = db.session.execute(
            text("SELECT uuid FROM dialog WHERE org_id = :org AND id = :id"), {"org": HOME, "id": heard.dialog_id}
        ).scalar_one()
        db.session.commit()
    return uuid


def stored(house: House, uuid: UUID) -> list[Any]:
    """What a write left behind, without ids and times."""
    queries = (
        """SELECT m.role, m.text, m.author_id, m.author_name, m.status, m.error, m.stage_number, m.connection_id,
                  m.media
           FROM message m JOIN dialog d USING (org_id)
           WHERE d.id = m.dialog_id AND d.uuid = :uuid ORDER BY m.position, m.id""",
        """SELECT o.text, o.lane, o.part, o.status FROM outbox o JOIN dialog d USING (org_id)
           WHERE d.id = o.dialog_id AND d.uuid = :uuid ORDER BY o.id""",
        """SELECT ai, epoch, manager_id, unread, messages_count, last_message, last_role, unanswered_since IS NULL,
           hand_over_reason, status FROM dialog WHERE uuid = :uuid""",
        """SELECT task_name, lock = 'out:' || d.id FROM procrastinate_jobs j JOIN dialog d ON d.uuid = :uuid
           WHERE j.args->>'dialog_id' = d.id::text ORDER BY j.id""",
    )
    with house.admin.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query), {"uuid": uuid})] for query in queries]


def house_funnel(house: House, uuid: UUID) -> int:
    with house.admin.connect() as connection:
        found: int = connection.execute(
            text("SELECT funnel_id FROM dialog WHERE uuid = :uuid"), {"uuid": uuid}
        ).scalar_one()
    return found


def noted(house: House, uuid: UUID) -> list[Any]:
    """What the journal says of a dialog."""
    query = """SELECT j.act, j.actor_id, j.data FROM journal_entry j
               JOIN dialog d ON d.org_id = j.org_id AND d.id = j.subject_id
               WHERE j.subject = 'dialog' AND d.uuid = :uuid ORDER BY j.id"""
    with house.admin.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"uuid": uuid})]
