"""Search."""

from __future__ import annotations

from aiguro_web.services import search

CALLS = {
    "search.find": lambda who, of: search.find(who, of["client"]["name"]),
    "search.client_ids": lambda who, of: search.client_ids(who, of["client"]["name"]),
}
