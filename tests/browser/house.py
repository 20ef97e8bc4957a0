"""The product as `make run` starts it: for the browser tests, and for the pictures of its screens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.databases import ROOT
from tests.worker.processes import free_port, wait_until

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@dataclass(frozen=True)
class House:
    """The running product, and what it told the newcomer."""

    address: str
    chat: str
    logins: list[str]
    password: str


@contextmanager
def opened() -> Iterator[House]:
    """`flask up` in an empty instance: embedded PostgreSQL, migrations, demo, web and worker."""
    instance = Path(tempfile.mkdtemp(prefix="aiguro-"))
    instance.chmod(0o755)
    from aiguro_web import config

    env = {name: value for name, value in os.environ.items() if name not in config.DEFAULTS}
    env |= {
        "AIGURO_INSTANCE": str(instance), "HOST": "127.0.0.1", "PORT": str(free_port()), "PYTHONUNBUFFERED": "1",
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    log = instance / "output"
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "up"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:

        def told() -> str | None:
            assert process.poll() is None, log.read_text()[-3000:]
            text = log.read_text(errors="replace")
            return text if "Ctrl-C" in text else None

        text = wait_until(told, 150, "the announcement of `flask up`", 0.2)
        yield House(
            _found(r"AIGURO\s+(http\S+)", text), _found(r"web chat\s+(http\S+)", text),
            _found(r"sign in as\s+(.+)", text).split(", "), _found(r"password\s+(\S+)", text),
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(instance, ignore_errors=True)


def enter(house: House, page: Page, email: str) -> Page:
    """Sign in on this page."""
    page.goto(f"{house.address}/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", house.password)
    page.get_by_role("button", name="Войти", exact=True).click()
    page.wait_for_url("**/dashboard/**")
    return page


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in:\n{text[-2000:]}"
    return found[1].strip()
