"""How schemathesis calls us: as the admin, about rows that exist, each call undone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import schemathesis
from schemathesis import Case
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.transport.wsgi import WSGITransport
from sqlalchemy import Connection

from tests import given
from tests.people import HOME
from tests.rules.conftest import House
from tests.undone import undone

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def load(house: House, only: str = "") -> schemathesis.BaseSchema:
    """The description as it is served, or the part of it whose paths match."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", house.app)
    return schema.include(path_regex=only) if only else schema


def run(house: House, schema: schemathesis.BaseSchema, *, examples: int, steps: bool = False) -> Found:
    """Every check on every operation, on calls that are made up one by one, or (`steps`) on chains of calls."""
    config = schema.config
    config.headers = {**house.people.admin.headers, "Accept-Encoding": "identity"}
    config.generation.max_examples = examples
    config.generation.database = "none"
    config.seed = 1
    config.checks.positive_data_acceptance.expected_statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422"]
    config.checks.negative_data_rejection.expected_statuses = [
        "400",
        "401",
        "403",
        "404",
        "405",
        "409",
        "412",
        "413",
        "415",
        "422",
    ]
    config.phases.stateful.enabled = steps
    for phase in (config.phases.examples, config.phases.coverage, config.phases.fuzzing):
        phase.enabled = not steps
    found = Found()
    with undone(house.app) as connection, patch.object(WSGITransport, "send", _send):
        _alone(house, connection if not steps else None)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                found.note(event)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                found.failures[f"{event}"[:300]] = "the engine itself"
    return found


_original = WSGITransport.send


def _send(transport: WSGITransport, case: Case, **options: Any) -> Any:
    """schemathesis 4.32 hands werkzeug's client settings of sockets, which it refuses."""
    for name in ("max_redirects", "verify", "cert", "proxies"):
        options.pop(name, None)
    return _original(transport, case, **options)


@dataclass
class Found:
    """How many calls were made, and each failure once, with the call that showed it."""

    calls: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def note(self, event: events.ScenarioFinished) -> None:
        self.calls += len(event.recorder.interactions)
        for id, checks in event.recorder.checks.items():
            label = event.recorder.cases[id].value.operation.label
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    name = f"{label} {check.name}: {type(failure).__name__}: {failure.message}"[:500]
                    reply = event.recorder.interactions[id].response if id in event.recorder.interactions else None
                    said = (
                        f"{reply.status_code} {(reply.content or b'')[:200].decode(errors='replace')}" if reply else ""
                    )
                    self.failures.setdefault(f"{name} ({said})", str(check.failure_info.code_sample)[:1500])

    def __str__(self) -> str:
        return "\n".join(f"{name}\n    {sample}" for name, sample in self.failures.items())


def _alone(house: House, connection: Connection | None) -> None:
    """Each call finds the house as it was: undone when it is answered."""
    marks: list[Any] = []

    def before_call(context: Any, case: Case, kwargs: dict[str, Any]) -> None:
        house.rest()
        about_own_rows(house, case, steps=connection is None)
        if connection is not None:
            marks.append(connection.begin_nested())

    def after_call(context: Any, case: Case, response: Any) -> None:
        while marks:
            marks.pop().rollback()

    def filter_failure(context: Any, failure: Any, case: Case, response: Any) -> bool:
        return not unsayable(house, failure, case, response)

    GLOBAL_HOOK_DISPATCHER.unregister_all()  # hooks of calls are the library's own, not a schema's
    schemathesis.hook("before_call")(before_call)
    schemathesis.hook("after_call")(after_call)
    schemathesis.hook("filter_failure")(filter_failure)


# Refusals of data that a schema finds valid, for reasons that no schema can state.
UNSAYABLE = {
    "tokens.create": "the password must be right",
    "api_connections.create": "the messenger must know the token",
    "api_connections.create_own": "the messenger must know the token",
    "api_connections.attach": "the connection is named in the query or in the body",
    "api_connections.detach": "the connection is named in the query or in the body",
    "api_trials.create_in_stage": "the funnel must have so many stages",
    "api_messages.create": "`user` speaks in trial dialogs alone",
    "api_dialogs.change": "the stage must be one of the dialog's funnel",
    "api_dialogs.index": "a walk by cursor has one order",
    "api_clients.add": "a name, a phone or an e-mail is needed",
    "api_clients.change": "an e-mail or phone must be one",
    "api_dialogs.create": "an e-mail or phone must be one",
    "api_funnels.create": "follow-ups must name assistants of the funnel",
    "api_funnels.change": "hours must be in order",
    "api_assistants.change": "something must be given to change",
    "api_assistants.write": "something must be given to change",
    "api_assistants.create": "its code must be new",
    "api_tickets.create": "a form has no null",
    "api_tickets.answer": "a form has no null",
    "api_organizations.create": "a name must have something to see",
    "api_files.create": "the bytes must be of an allowed type",
    "api_files.create_in_funnel": "the bytes must be of an allowed type",
}


def unsayable(house: House, failure: Any, case: Case, response: Any) -> bool:
    """What is right though no description can say so: see UNSAYABLE; a cursor that we did not make is refused; and the
    canonical spelling of another operation stands under the same address (contract.md §2)."""
    kind = type(failure).__name__
    if kind == "RejectedPositiveData":
        refusal = response.json() if "json" in (response.headers.get("content-type") or [""])[0] else {}
        odd = (
            "errors" not in refusal
        )  # no field is wrong: NUL, a number of 300 digits, 33 levels, also in unknown fields
        whole = any(str(value).endswith(".0") for value in (case.query or {}).values())  # 15.0 is whole to a schema
        return odd or whole or "cursor" in (case.query or {}) or _endpoint(house, case) in UNSAYABLE
    if kind == "AcceptedNegativeData" and "positive test case" in failure.message:
        return True  # schemathesis' own doubt, in chains
    if kind == "AcceptedNegativeData" and "multipart" in response.request.headers.get("Content-Type", ""):
        return "Incorrect type" in failure.message  # in a form everything is text: `0` is false
    if kind in ("UnsupportedMethodResponse", "AllowHeaderMismatch", "AllowHeaderConformance"):
        allowed = set(house.app.url_map.bind("localhost").allowed_methods(response.request.path_url.partition("?")[0]))
        named = {name.strip() for name in (response.headers.get("allow") or [""])[0].split(",") if name}
        return response.request.method in allowed and named <= allowed
    return False


def about_own_rows(house: House, case: Case, *, steps: bool) -> None:
    """Ids that could be ids become those of rows that exist; what is no id stays, and must be refused. In a chain only
    the organisation and the funnel: the rest are what the calls before have made, or taken away."""
    own = given.values(house.rows[HOME], HOME, _endpoint(house, case))
    for name, value in dict(case.path_parameters or {}).items():
        text = str(value)
        plausible = text.isascii() and text.isdigit() and 0 < int(text) < 2**63 or UUID.fullmatch(text)
        if name in own and plausible and (not steps or name in ("org", "f")):
            case.path_parameters[name] = str(own[name])


def _endpoint(house: House, case: Case) -> str:
    for rule in house.app.url_map.iter_rules():
        if re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) == case.operation.path and case.method in (
            rule.methods or ()
        ):
            return rule.endpoint
    return "-"
