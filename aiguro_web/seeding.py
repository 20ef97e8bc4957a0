"""Made-up rows at any scale (`flask seed`), for the bench and for trying the lists out; PostgreSQL writes them."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, text

from .config import BadConfig
from .services import secrets

TABLES = (
    "organization", "funnel", "stage", "assistant", "client", "client_identity", "messenger_connection", "dialog",
    "dialog_tally", "message",
)  # fmt: skip
WORDS = ("ix_message_words", "ix_client_words")  # built once at the end: word by word they take many times as long
MESSAGES_EACH = 5
SECRET = "seed-secret"  # what the made-up bots send with their updates
BIG_SHARE = 5  # one funnel of the first organisation holds a fifth of all dialogs

_STAGES = """
    INSERT INTO stage (org_id, funnel_id, name, code, position)
    SELECT :org, :funnel, name, code, position
    FROM (VALUES ('Квалификация', 'qualification', 1), ('Презентация', 'presentation', 2), ('Закрытие', 'closing', 3))
         AS s (name, code, position)
"""
_ROWS = (
    """
    INSERT INTO client (org_id, id, name, phone, email, created_at, last_activity)
    SELECT :org, n, (ARRAY['Анна','Борис','Вера','Глеб','Дарья','Егор','Жанна','Захар'])[1 + n % 8] || ' ' ||
           (ARRAY['Иванова','Кузнецов','Лебедева','Морозов','Новикова','Орлов'])[1 + n % 6],
           '+7900' || lpad((n % 10000000)::text, 7, '0'), 'client' || n || '@mail.example',
           now() - (n % 5000) * interval '1 hour', now() - (n % 500) * interval '1 hour'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
    """,
    """
    INSERT INTO client_identity (org_id, id, client_id, connection_id, external_id)
    SELECT :org, n, n, :connection, n::text FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
    """,
    """
    INSERT INTO dialog (org_id, id, funnel_id, stage_id, client_id, identity_id, connection_id, channel, thread_id, ai,
                        messages_count, last_message, last_role, last_activity, unanswered_since, price, close_ratio,
                        tags, created_at, updated_at)
    SELECT :org, n, :funnel, s.ids[1 + n % 3], n, n, :connection, 'telegram', n::text, n % 4 > 0, :each,
           'Сообщение номер ' || n || ': а сколько это будет стоить с доставкой?', 'user',
           now() - (n % 90000) * interval '1 minute',
           CASE WHEN n % 50 = 0 THEN now() - (n % 1000) * interval '1 minute' END,
           n % 90000, n % 101, ARRAY['сайт', 'доставка'],
           now() - (n % 5000) * interval '1 hour', now() - (n % 90000) * interval '1 minute'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n,
         (SELECT array_agg(id ORDER BY position) AS ids FROM stage WHERE org_id = :org AND funnel_id = :funnel) s
    """,
    """
    INSERT INTO message (org_id, dialog_id, connection_id, role, text, author_name, status, position, created_at)
    SELECT :org, n, :connection, CASE WHEN k % 2 = 0 THEN 'user' ELSE 'manager' END,
           'Сообщение ' || k || ' диалога ' || n || ': здравствуйте, подскажите, пожалуйста, по вашему вопросу', 'Анна',
           CASE WHEN k % 2 = 0 THEN NULL ELSE 'sent' END,
           (extract(epoch FROM now()) * 1000000)::bigint - (:each - k) * 60000000,
           now() - (:each - k) * interval '1 minute'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n, generate_series(0, :each - 1) k
    """,
)


@dataclass(frozen=True)
class Seeded:
    """What the bench asks about: the organisation, its big funnel and its small one, its connection's id and key."""

    org: int
    big_funnel: int
    small_funnel: int
    connection: int
    key: str


def seed(owner_url: str, dialogs: int, orgs: int, *, messages_each: int = MESSAGES_EACH) -> Seeded:
    """Write `dialogs` dialogs with clients and messages into `orgs` new organisations, in one transaction.

    It stays behind the wall, entering one organisation after the other.
    """
    if not owner_url:
        raise BadConfig("seeding needs DATABASE_OWNER_URL")
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        indexes = [connection.scalar(text("SELECT pg_get_indexdef(to_regclass(:name))"), {"name": n}) for n in WORDS]
        for name in WORDS:
            connection.execute(text(f"DROP INDEX {name}"))
        first = _fill(connection, dialogs, orgs, messages_each)
        for index in indexes:
            connection.execute(text(str(index)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
    engine.dispose()
    return first


def _fill(connection: Connection, dialogs: int, orgs: int, messages: int) -> Seeded:
    found: list[Seeded] = []
    big = max(1, dialogs // BIG_SHARE)
    each = max(1, (dialogs - big) // orgs)
    for number in range(orgs):
        org = connection.scalar(text("SELECT nextval(pg_get_serial_sequence('organization', 'id'))")) or 0
        connection.execute(text("SELECT set_config('app.org_id', :org, true)"), {"org": str(org)})
        name = f"Компания {number + 1}"
        connection.execute(
            text("INSERT INTO organization (id, display_name) VALUES (:org, :name)"), {"org": org, "name": name}
        )
        key = random.token_urlsafe(24)
        bot = connection.scalar(
            text(
                "INSERT INTO messenger_connection (org_id, messenger_type, account_id, secret_encrypted, key, status) "
                "VALUES (:org, 'telegram', :account, :secret, :key, 'ok') RETURNING id"
            ),
            {"org": org, "account": f"seed-{org}-{key[:8]}", "key": key, "secret": secrets.encrypt(f"seed\n{SECRET}")},
        )
        small = _funnel(connection, org, "Продажи", bot or 0, each, messages)
        large = _funnel(connection, org, "Большая воронка", bot or 0, big, messages) if number == 0 else small
        found.append(Seeded(org, large, small, bot or 0, key))
    return found[0]


def _funnel(connection: Connection, org: int, name: str, bot: int, dialogs: int, messages: int) -> int:
    funnel: int = connection.execute(
        text(
            "INSERT INTO funnel (org_id, name, display_name, is_active) VALUES (:org, :name, :name, true) RETURNING id"
        ),
        {"org": org, "name": name},
    ).scalar_one()
    connection.execute(text(_STAGES), {"org": org, "funnel": funnel})
    top = _reserve(connection, dialogs)
    values = {
        "org": org,
        "funnel": funnel,
        "connection": bot,
        "first": top + 1,
        "last": top + dialogs,
        "each": messages,
    }
    for statement in _ROWS:
        connection.execute(text(statement), values)
    return funnel


def _reserve(connection: Connection, rows: int) -> int:
    """Take the same `rows` ids of the three sequences, so that client, identity and dialog n belong together."""
    names = ("client_id_seq", "client_identity_id_seq", "dialog_id_seq")
    top = max(int(connection.scalar(text(f"SELECT last_value FROM {name}")) or 0) for name in names)
    for name in names:
        connection.execute(text(f"SELECT setval('{name}', :last)"), {"last": top + rows})
    return top
