"""`make run`: the web server and the worker kept alive side by side, and what a newcomer is told."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

import click
from flask import Flask

from . import supervisor
from .queue import transaction
from .services import access, connections, organizations, users


def keep_alive(app: Flask) -> None:
    """Run gunicorn and the worker until stopped; whichever dies starts again."""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104 - only compared
    env = {**os.environ, "HOST": host, "PORT": port, "PYTHONUNBUFFERED": "1"}
    here = sys.executable
    commands = {
        "web": [here, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
        "worker": [here, "-m", "flask", "--app", "wsgi", "worker"],
    }
    supervisor.run(commands, env, ready=lambda: _answers(address), announce=lambda: _announce(app, address))


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _announce(app: Flask, address: str) -> None:
    with app.app_context():
        with transaction(access.system(None)):
            demo = users.list_demo_emails()
            chats = connections.list_active("webchat")
        links = []
        for org_id, connection_id in chats[:5]:
            with transaction(access.system(org_id)):
                row = connections.get_connection(access.system(org_id), connection_id)
                company = organizations.get_home(org_id).display_name
                links.append(f"{address}/chat/{row['key']}  ({company}: {row['name']})")
    lines = ["", f"AIGURO      {address}"]
    if demo:
        lines += [f"sign in as  {', '.join(demo)}", f"password    {app.config['DEMO_PASSWORD']}"]
    lines += [f"web chat    {link}" for link in links]
    click.echo("\n".join([*lines, "", "Ctrl-C stops it."]))
