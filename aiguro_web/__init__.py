"""AIGURO: sales in messengers. `create_app` puts the house together; it is the only place that names every door."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from . import cli, config, database, live, storage, tasks
from .api import assistants as api_assistants
from .api import clients as api_clients
from .api import connections as api_connections
from .api import dialogs as api_dialogs
from .api import docs as api_docs
from .api import files as api_files
from .api import funnels as api_funnels
from .api import messages as api_messages
from .api import openapi as api_openapi
from .api import organizations as api_organizations
from .api import tickets as api_tickets
from .api import tokens as api_tokens
from .api import trials as api_trials
from .extensions import babel, db, migrate
from .pages import (
    attachments,
    bulk_acts,
    canned_answers,
    client_cards,
    client_imports,
    client_merges,
    clients,
    deal_table,
    deals,
    integrations,
    messengers,
    notifications,
    overview,
    saved_views,
    search,
    shell,
    staff_desk,
    support,
)
from .pages import auth as auth_pages
from .pages import live as live_pages
from .services import file_links, secrets, signing, users
from .web import assets, auth, oidc, tenancy, toolkit
from .web.csrf import csrf
from .webhooks import messengers as messenger_webhooks
from .webhooks import webchat

ROOT = Path(__file__).resolve().parent.parent

# The doors. Machines prove themselves by a token or a signature; only the pages' forms need a CSRF token.
MACHINE_DOORS = (
    api_tokens.bp,
    api_tokens.well_known,
    api_dialogs.bp,
    api_trials.bp,
    api_messages.bp,
    api_funnels.bp,
    api_assistants.bp,
    api_clients.bp,
    api_organizations.bp,
    api_connections.bp,
    api_files.bp,
    api_files.urls,
    api_files.links,
    api_tickets.bp,
    api_openapi.bp,
    api_docs.bp,
    messenger_webhooks.bp,
    webchat.bp,
    webchat.scripts,
)
PAGE_DOORS = (
    auth_pages.bp,
    auth_pages.inside,
    overview.bp,
    deals.bp,
    saved_views.bp,
    bulk_acts.bp,
    deal_table.bp,
    messengers.bp,
    attachments.bp,
    canned_answers.bp,
    client_imports.bp,
    clients.bp,
    client_cards.bp,
    client_merges.bp,
    support.bp,
    staff_desk.bp,
    integrations.bp,
    live_pages.bp,
    search.bp,
    notifications.bp,
    shell.bp,
)


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """The application, configured from the environment and, in tests, from `overrides`. Raises BadConfig."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    settings = config.load({**os.environ, **{k: v for k, v in (overrides or {}).items() if isinstance(v, str)}})
    settings |= {key: value for key, value in (overrides or {}).items() if not isinstance(value, str)}
    database.prepare(settings)
    app.config.update(settings)
    keys = [key.strip() for key in settings["SECRET_KEY"].split(",")]
    app.secret_key, app.config["SECRET_KEY_FALLBACKS"] = keys[0], keys[1:]  # a rotation signs nobody out
    secrets.configure(settings["SECRET_KEY"])
    file_links.configure(settings["SECRET_KEY"], settings["PUBLIC_URL"])
    app.url_map.converters["id"] = tenancy.Id

    toolkit.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    live.init_app(app)
    assets.init_app(app)
    storage.init_app(app)
    auth.init_app(
        app, own_key=signing.public_key, recognize=users.recognize, session_person=users.session_person,
        signed_in=users.signed_in,
    )  # fmt: skip
    oidc.init_app(app)
    babel.init_app(
        app,
        default_locale="ru",
        default_translation_directories=str(ROOT / "aiguro_web" / "translations"),
        locale_selector=shell.locale,
        timezone_selector=shell.timezone,
    )

    for door in MACHINE_DOORS:
        csrf.exempt(door)
        app.register_blueprint(door)
    for door in PAGE_DOORS:
        app.register_blueprint(door)
    cli.init_app(app)
    database.refuse_privileged_role(app)
    return app


__all__ = ["create_app", "tasks"]
