"""Configuration from the environment: it refuses to guess, and refuses settings that are unsafe in production."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DEFAULTS: dict[str, str] = {
    "AIGURO_ENV": "development",
    "AIGURO_INSTANCE": "instance",
    "DATABASE_URL": "",
    "DATABASE_OWNER_URL": "",
    "SECRET_KEY": "",
    "PUBLIC_URL": "",
    "CORS_ORIGINS": "",
    "RATELIMIT_STORAGE_URI": "memory://",
    "FILES_URL": "",
    "TRUSTED_PROXIES": "0",
    "SENTRY_DSN": "",
    "CLERK_ISSUER": "",
    "CLERK_JWKS_URL": "",
    "CLERK_AUTHORIZED_PARTIES": "",
    "CLERK_CLIENT_ID": "",
    "CLERK_CLIENT_SECRET": "",
    "CLERK_WEBHOOK_SECRET": "",
    "LLM_BASE_URL": "",
    "LLM_API_KEY": "",
    "LLM_MODEL": "",
    "TELEGRAM_API_URL": "https://api.telegram.org",
    "WHATSAPP_API_URL": "https://graph.facebook.com",
    "DEMO_PASSWORD": "aiguro-demo",
    "DATABASE_POOL": "10",
    "STREAMS_MAX": "300",
}
LISTS = ("CORS_ORIGINS", "CLERK_AUTHORIZED_PARTIES")
NUMBERS = ("TRUSTED_PROXIES", "DATABASE_POOL", "STREAMS_MAX")
ADDRESSES = ("PUBLIC_URL", "CLERK_ISSUER", "CLERK_JWKS_URL", "LLM_BASE_URL", "TELEGRAM_API_URL", "WHATSAPP_API_URL")
ENVIRONMENTS = ("development", "test", "production")
SECRET_MIN = 32  # characters


class BadConfig(SystemExit):
    """The process must not start; the text says which setting and why."""


def load(env: Mapping[str, str]) -> dict[str, Any]:
    """Read every setting of DEFAULTS from `env`; lists are split at commas. Raises BadConfig."""
    values: dict[str, Any] = {name: env.get(name, "").strip() or default for name, default in DEFAULTS.items()}
    for name in LISTS:
        values[name] = [item.strip() for item in values[name].split(",") if item.strip()]
    for name in NUMBERS:
        if not values[name].isascii() or not values[name].isdigit():
            raise BadConfig(f"{name} must be a whole number, not {values[name]!r}")
        values[name] = int(values[name])
    if values["AIGURO_ENV"] not in ENVIRONMENTS:
        raise BadConfig(f"AIGURO_ENV must be one of {', '.join(ENVIRONMENTS)}, not {values['AIGURO_ENV']!r}")
    for name in ADDRESSES:
        values[name] = _address(name, values[name])
    values["DATABASE_URL"] = psycopg_url(values["DATABASE_URL"])
    values["DATABASE_OWNER_URL"] = psycopg_url(values["DATABASE_OWNER_URL"])
    if values["AIGURO_ENV"] == "production":
        _refuse_unsafe(values, env)
    if not values["SECRET_KEY"]:
        values["SECRET_KEY"] = _kept_secret(Path(values["AIGURO_INSTANCE"]))
    return values


def psycopg_url(url: str) -> str:
    """The same address with the driver's name that SQLAlchemy wants."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def _address(name: str, value: str) -> str:
    value = value.rstrip("/")
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise BadConfig(f"{name} must be an http(s) address, not {value!r}")
    return value


def _refuse_unsafe(values: dict[str, Any], env: Mapping[str, str]) -> None:
    if len(values["SECRET_KEY"].split(",")[0]) < SECRET_MIN:
        raise BadConfig(f"production needs SECRET_KEY of {SECRET_MIN} characters or more")
    if not values["DATABASE_URL"]:
        raise BadConfig("production needs DATABASE_URL (the embedded PostgreSQL is for one machine and for trying out)")
    if env.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false"):
        raise BadConfig("production refuses FLASK_DEBUG")
    if values["PUBLIC_URL"] and not values["PUBLIC_URL"].startswith("https://"):
        raise BadConfig("production needs an https PUBLIC_URL")
    if "*" in values["CORS_ORIGINS"]:
        raise BadConfig("production refuses CORS_ORIGINS=*")


def _kept_secret(instance: Path) -> str:
    """The secret of a machine that was given none: made once, kept beside its database, readable by its owner."""
    path = instance / "secret_key"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        draft = instance / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its secret holds
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii").strip()
