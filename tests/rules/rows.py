"""A row in every tenant table of one organisation, made from the tables themselves: a new table joins by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from aiguro_web.models import Base
from aiguro_web.services import secrets

Rows = dict[str, dict[str, Any]]  # table -> its row
KEPT = {"client_words"}
_numbers = count(1)


@dataclass(frozen=True)
class News:
    """A client's word, as a messenger's adapter reads it."""

    chat_id: str
    update_id: str = field(default_factory=lambda: f"update-{next(_numbers)}")
    message_id: str = field(default_factory=lambda: str(next(_numbers)))
    kind: str = "message"
    text: str = "Здравствуйте"
    person: None = None
    source: str = ""
    media: str = ""


def tenant_tables() -> list[Table]:
    """Parents before children."""
    return [table for table in Base.metadata.sorted_tables if "org_id" in table.c]


def mark(org: int) -> str:
    """What every text of that organisation's rows begins with."""
    return f"org{org}-"


def enter(connection: Connection, org: int | None) -> None:
    """Put a bare connection behind the wall of an organisation, until the transaction ends."""
    connection.execute(text("SELECT set_config('app.org_id', :org, true)"), {"org": str(org or "")})


def spread_ids(connection: Connection) -> None:
    """From now on ids are long and no two tables share one: an id in an answer is that id and nothing else."""
    names = ["app_user", *(table.name for table in tenant_tables() if "id" in table.c)]
    for number, name in enumerate(names):
        values = {"name": name, "last": 5_000_000 + 1000 * number}
        connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), values)


def fill(connection: Connection, org: int) -> Rows:
    """One more row in every tenant table; the rows by table, and the user they belong to."""
    enter(connection, org)
    made: Rows = {}
    user = Base.metadata.tables["app_user"]
    values = {"issuer": "local", "subject": f"{mark(org)}user", "email": f"{mark(org)}user@test.example"}
    made["app_user"] = dict(connection.execute(user.insert().values(values).returning(*user.c)).mappings().one())
    for table in tenant_tables():
        made[table.name] = add(connection, table, org, made)
    made["trial"] = add(connection, Base.metadata.tables["dialog"], org, made, is_test=True, ai=True)
    site = {"messenger_type": "webchat", "account_id": f"{mark(org)}site", "key": f"{mark(org)}webchat-key"}
    made["webchat"] = add(connection, Base.metadata.tables["messenger_connection"], org, made, **site)
    return made


def add(connection: Connection, table: Table, org: int, made: Rows, **more: Any) -> dict[str, Any]:
    """A row of `table` that belongs to the rows made before it."""
    values = {"org_id": org} | _references(table, made)
    if table.name in KEPT:  # a trigger has made it
        return dict(connection.execute(table.select().filter_by(**values)).mappings().one())
    for column in table.c:
        if column.name not in values and not column.primary_key or _needs_a_value(column, values):
            value = _value(column, org)
            if value is not None:
                values[column.name] = value
    values |= _special(table.name, made) | more
    return dict(connection.execute(table.insert().values(values).returning(*table.c)).mappings().one())


def _references(table: Table, made: Rows) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in table.foreign_keys:
        target = made.get(key.column.table.name)
        if target is not None and key.parent.name != "org_id":
            found[key.parent.name] = target[key.column.name]
    return found


def _needs_a_value(column: Column[Any], values: dict[str, Any]) -> bool:
    return column.name not in values and not column.nullable and column.server_default is None


def _value(column: Column[Any], org: int) -> Any:
    """A marked text for a text; for the rest only what a column cannot do without."""
    if isinstance(column.type, Enum):
        return None if column.server_default is not None or column.nullable else column.type.enums[0]
    if column.computed is not None:
        return None  # the database makes it
    if isinstance(column.type, String):
        return f"{mark(org)}{column.table.name}-{column.name}"[: column.type.length]
    if column.nullable or column.server_default is not None or column.identity is not None:
        return None
    for kind, value in ((BigInteger, 1), (Integer, 1), (LargeBinary, b"x"), (JSONB, {}), (DateTime, datetime.now(UTC))):
        if isinstance(column.type, kind):
            return value
    raise TypeError(f"no value for {column}")


def _admin() -> Any:
    """The organisation's admin of tests/people.py, who walks through the doors."""
    membership = Base.metadata.tables["membership"]
    setting = func.current_setting("app.org_id").cast(BigInteger)
    found = select(membership.c.user_id).where(membership.c.org_id == setting, membership.c.role == "admin")
    return found.order_by(membership.c.user_id).limit(1).scalar_subquery()


def _special(table: str, made: Rows) -> dict[str, Any]:
    """Columns whose text means something."""
    if table == "messenger_connection":
        return {"secret_encrypted": secrets.encrypt("token\nsecret"), "status": "ok"}
    if table == "saved_view":
        return {"is_shared": True}  # what is somebody's own is nobody else's in the same organisation either
    if table == "notification":
        return {"user_id": _admin(), "subject_id": 90_000_000 + next(_numbers)}  # of unread news each is one row
    if table == "dialog":
        return {"channel": "telegram", "last_role": "user", "tags": [], "ai": False}
    if table == "bulk_act":
        return {"act": "tag", "wish": {"tag": "опт"}, "state": "done"}
    if table == "client_import":
        return {"state": "ready", "columns": ["name"], "titles": ["name"]}
    if table == "message":
        return {"media": "document", "connection_id": made["messenger_connection"]["id"]}
    return {}
