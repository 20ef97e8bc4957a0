"""What libpq itself refuses over a connection that lives is our own error: nobody is told to try again later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import literal, select
from sqlalchemy.exc import OperationalError

from aiguro_web.extensions import among, db, run_hot
from aiguro_web.models import Organization
from aiguro_web.web import faults

MANY = 70_000  # a statement takes 65,535
VALUES = {f"p{number}": str(number) for number in range(MANY)}
STATEMENT = f"SELECT 1 AS one WHERE '1' IN ({', '.join(f'%({name})s' for name in VALUES)})"


@pytest.mark.parametrize("ask", [
    lambda: run_hot(STATEMENT, VALUES),
    lambda: db.session.execute(select(Organization.id).where(Organization.id.in_(range(MANY)))),
])  # fmt: skip
def test_too_many_parameters_are_no_outage(app: Flask, ask: Callable[[], Any]) -> None:
    with pytest.raises(OperationalError) as refusal:
        ask()
    assert faults.meaning(refusal.value) is None


def test_an_array_is_one(app: Flask) -> None:
    assert db.session.scalar(select(literal(1)).where(among(literal(MANY - 1), range(MANY)))) == 1
