"""The front-end's server: every call with its headers, whatever the method; what each answer must be at least."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import access, connections, funnels, inbound
from tests.people import HOME, People
from tests.services.test_inbound import Face, News

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
JSON, PROBLEM = "application/json", "application/problem+json"

SETTINGS = {  # the form of a new funnel, as it opens
    "mergeToArray": 0, "breakSize": 0, "breakWait": 0, "contextMemorySize": 0, "useCompanyKnowledgeBase": True,
    "useFunnelKnowledgeBase": True, "autoPause": 0, "autoPauseFull": False,
    "autoAnswer": "К сожалению, мы сейчас не можем вам ответить, напишите позже", "antiSpam": 0, "acceptFile": False,
    "acceptAudio": False, "workSchedule": False, "workStart": 0, "workEnd": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call of contract.md, as it is written there; `{names}` are the site's. `array`: a bare one is answered."""

    method: str
    path: str
    body: Any = None
    form: Mapping[str, Any] | None = None
    status: int = 200
    array: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def upload(name: str, **fields: str) -> dict[str, Any]:
    """The fields of a form with one file, under `name`."""
    return {**fields, name: "price.pdf"}


@dataclass
class Site:
    """One organisation at work; `site["name"]` is a value for a path, made when it is first asked for."""

    client: FlaskClient
    who: People
    made: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.made:
            self.made[name] = MAKERS[name](self)
        return self.made[name]

    def call(self, call: Call | str, body: Any = None, *, as_who: str | None = "admin", **more: Any) -> TestResponse:
        """Send it; the answer is JSON for a person whatever happened. `call` may be just `METHOD path`."""
        if isinstance(call, str):
            method, _, path = call.partition(" ")
            call = Call(method, path, body, **more)
        headers = getattr(self.who, as_who).headers if as_who else {}
        if call.form is None:
            data: Any = json.dumps(call.body) if call.body is not None else b""
            kind = JSON  # on GET, on DELETE, and with nothing in it
        else:
            files = {name: (io.BytesIO(PDF), value) for name, value in call.form.items() if value == "price.pdf"}
            data, kind = {**call.form, **files}, "multipart/form-data"
        answer = self.client.open(
            call.path.format_map(self), method=call.method, data=data, content_type=kind, headers=headers
        )
        check(answer)
        return answer

    def get(self, path: str) -> Any:
        answer = self.call(Call("GET", path))
        assert answer.status_code == 200, answer.text[:500]
        return answer.json


def check(answer: TestResponse) -> None:
    """`await response.json()` works, and an error has a sentence to show."""
    if answer.status_code < 400:
        assert answer.mimetype == JSON, answer.headers
        json.loads(answer.data)
        return
    assert answer.status_code < 500, answer.text[:500]
    assert answer.mimetype == PROBLEM
    assert isinstance(answer.json["error"], str)
    assert answer.json["error"].strip()


def looks(row: Mapping[str, Any], shape: Mapping[str, Any]) -> list[str]:
    """Where a row has not the types that the contract names."""
    missing = [f"no {name}" for name in shape if name not in row]
    wrong = [f"{name}={row[name]!r}" for name, kind in shape.items() if name in row and not _is(row[name], kind)]
    return missing + wrong


def _is(value: Any, kind: Any) -> bool:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return type(value) in kinds  # exactly: True is no number here


def _talk(site: Site) -> dict[str, Any]:
    """A client who wrote through the site's chat."""
    enter_organization(HOME)
    admin = site.who.admin.actor
    first = funnels.list_funnels(admin)[0]["id"]
    chat = connections.create(admin, funnel_id=first, messenger_type="webchat", name="Чат")["id"]
    news = News("1", "1", chat_id="a" * 32, person=Face("a" * 32, "Ольга Котова"))
    inbound.receive(access.client(HOME), chat, "webchat", news)
    db.session.commit()
    dialog = site.call(f"GET /api/organization/{HOME}/funnel/{first}/dialogs").json[0]
    return {"f": first, "connectionId": chat, "uuid": dialog["uuid"], "clientId": dialog["client_id"]}


def _of_talk(name: str) -> Callable[[Site], Any]:
    def make(site: Site) -> Any:
        site.made |= _talk(site)
        return site.made[name]

    return make


def _created(call: str, field: str, body: Any = None, form: Mapping[str, Any] | None = None) -> Callable[[Site], Any]:
    def make(site: Site) -> Any:
        answer = site.call(call, body, form=form)
        assert answer.status_code == 201, (call, answer.status_code, answer.text[:300])
        return answer.json[field]

    return make


FUNNEL = "/api/organization/{org}/funnel/{f}"
FILES = "/api/api/organizations/{org}"
MAKERS: dict[str, Callable[[Site], Any]] = {
    "org": lambda site: HOME,
    **{name: _of_talk(name) for name in ("f", "connectionId", "uuid", "clientId")},
    "f2": _created("POST /api/organization/{org}/funnel", "id", {**SETTINGS, "display_name": "Опт", "stages": []}),
    "assistantCode": lambda site: "qualification",
    "code": _created(f"POST {FUNNEL}/assistant", "code_name", {"code_name": "spare", "text": "Ты запасной"}),
    "free": _created("POST /api/organization/{org}/messenger_connection", "id", {"messenger_type": "webchat"}),
    "trial": _created(f"POST {FUNNEL}/dialog/test", "uuid"),
    "stageTrial": _created(
        f"POST {FUNNEL}/dialog/test-stage", "uuid", {"stage_number": 1, "initial_message": "Здравствуйте"}
    ),
    "n": lambda site: 1,
    "ticketId": _created(
        "POST /api/support/tickets", "id",
        {"subject": "Не приходят ответы", "description": "С утра", "department": "technical"},
    ),
    "fileId": _created(f"POST {FILES}/files", "id", form=upload("file", category="general_info")),
    "funnelFileId": _created(
        f"POST {FILES}/funnels/{{f}}/files", "id", form=upload("file", category="client_work")
    ),
}  # fmt: skip
