"""Support tickets: seed §4.1–4.5."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import HOME, OTHER

from .site import PDF, Call, Site, looks, upload

LIST = "/api/support/tickets"
NEW = {"subject": "Вопрос", "description": "Не приходят ответы", "department": "technical", "priority": "high"}
SEED = [
    Call("GET", "/api/support/tickets", array=True),
    Call("POST", "/api/support/tickets", form=upload("files", **NEW), status=201),
    Call("GET", "/api/support/tickets/{ticketId}"),
    Call("GET", "/api/support/tickets/{ticketId}/messages", array=True),
    Call("POST", "/api/support/tickets/{ticketId}/messages", form=upload("attachments", text="Вот файл"), status=201),
]
FRONT_END: list[Call] = []
TICKET = {"id": str, "subject": str, "department": str, "status": str, "priority": str, "created_at": str,
          "updated_at": str, "messages_count": int, "funnel_id": (str, type(None)),
          "funnel_name": (str, type(None))}  # fmt: skip
MESSAGE = {"id": str, "text": str, "role": str, "timestamp": str, "attachments": list}


@pytest.mark.parametrize("form", [True, False])
def test_a_ticket_with_files_or_without(site: Site, form: bool) -> None:
    made = site.call(f"POST {LIST}", form=upload("files", **NEW)) if form else site.call(f"POST {LIST}", NEW)
    assert made.status_code == 201
    assert looks(made.json, {**TICKET, "description": str, "attachments": list}) == []
    assert (made.json["status"], made.json["priority"], made.json["messages_count"]) == ("open", "high", 1)
    shown = site.client.get(made.headers["Location"], headers=site.who.admin.headers)
    assert (shown.status_code, shown.json["id"]) == (200, made.json["id"])
    (listed,) = site.get(LIST)
    assert looks(listed, TICKET) == []
    (first,) = site.get(f"{LIST}/{made.json['id']}/messages")
    assert looks(first, MESSAGE) == []
    assert (first["text"], first["role"]) == (NEW["description"], "user")
    assert [(file["name"], file["size"]) for file in first["attachments"]] == (
        [("price.pdf", len(PDF))] if form else []
    )
    if form:
        assert site.client.get(first["attachments"][0]["url"]).data == PDF


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), (f"?orgId={HOME}", 1), ("?status=open", 1), ("?status=closed", 0), ("?department=technical", 1),
     ("?department=sales", 0), ("?page=1&limit=20", 1), ("?page=2&limit=20", 0)],
)  # fmt: skip
def test_the_lists_filters(site: Site, query: str, count: int) -> None:
    site["ticketId"]
    assert len(site.get(LIST + query)) == count


def test_the_answer_is_a_conversation(site: Site) -> None:
    path = f"{LIST}/{site['ticketId']}/messages"
    assert site.call(f"POST {path}", {"text": "Ещё одно"}).status_code == 201
    assert site.call(f"POST {path}", {"text": "Смотрим"}, as_who="staff").status_code == 201
    rows = site.get(path)
    assert sorted((row["role"], row["text"]) for row in rows) == [
        ("support", "Смотрим"), ("user", "Ещё одно"), ("user", "С утра"),
    ]  # fmt: skip
    assert site.get(f"{LIST}/{{ticketId}}")["messages_count"] == 3


@pytest.mark.parametrize("wrong", [{"subject": ""}, {"department": "other"}, {"priority": "x"}, {"description": None}])
def test_what_cannot_be_is_400(site: Site, wrong: dict[str, Any]) -> None:
    assert site.call(f"POST {LIST}", {**NEW, **wrong}).status_code == 400


def test_another_organisations_ticket_is_not_there(site: Site) -> None:
    number = site["ticketId"]
    assert site.call(f"GET {LIST}/{number}", as_who="stranger").status_code == 404
    assert site.call(f"GET {LIST}?orgId={OTHER}").status_code == 403
