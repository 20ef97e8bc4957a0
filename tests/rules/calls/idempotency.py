"""Kept answers."""

from __future__ import annotations

from aiguro_web.services import idempotency

CALLS = {
    "idempotency.keep": lambda who, of: idempotency.keep(
        who,
        of["idempotency_key"]["route"],
        of["idempotency_key"]["key"],
        of["idempotency_key"]["created_at"],
        b"x",
        (201, {}, b"{}"),
    ),
    "idempotency.release": lambda who, of: idempotency.release(
        who, of["idempotency_key"]["route"], of["idempotency_key"]["key"], of["idempotency_key"]["created_at"]
    ),
}
TAKE_A_ROW = {"idempotency.reserve", "idempotency.delete_expired"}
