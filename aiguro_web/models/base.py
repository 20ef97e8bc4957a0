"""What every table shares: the declarative base, tenant keys, choices stored as checked text, and time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Enum, ForeignKeyConstraint, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

naming = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Xid8(UserDefinedType[str]):
    """PostgreSQL's own name of a transaction, which never repeats."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "xid8"


class Base(DeclarativeBase):
    """The one metadata of the product."""

    metadata = MetaData(naming_convention=naming)
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}


Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Changed = Annotated[str, mapped_column(Xid8(), server_default=func.pg_current_xact_id())]  # kept by a trigger
Created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Tenant:
    """A row of one organisation: `org_id` stands first in its key, and row-level security walls it (migrations).

    Its organisation exists because its parent's does (`belongs_to`); a table without a parent says `of_organization()`.
    A foreign key to `organization` on every table would lock that one row in every transaction.
    """

    org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, sort_order=-1)


def of_organization() -> ForeignKeyConstraint:
    """The foreign key of a tenant's root tables."""
    return ForeignKeyConstraint(["org_id"], ["organization.id"], ondelete="CASCADE")


def belongs_to(table: str, column: str, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key inside the tenant: `(org_id, column)` to `table (org_id, id)`; a plain one could cross the wall.

    With `SET NULL` only the reference is cleared, never `org_id`.
    """
    action = f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete
    return ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"], ondelete=action)


def choice(kind: type[StrEnum]) -> Enum:
    """Text with a CHECK that allows exactly the values of `kind`."""

    def values(members: Iterable[Any]) -> list[str]:
        return [member.value for member in members]

    name = "".join("_" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("_")
    return Enum(kind, native_enum=False, create_constraint=True, length=24, values_callable=values, name=name)
