"""An operation of the JSON API: declared once, where its view is registered; from this come its rules and description.

    @bp.post("/funnel/<f>/dialog/<uuid>/message", "/funnels/<f>/dialogs/<uuid>/messages",
             summary="Написать клиенту", takes=MessageIn, gives=MessageOut, status=201, refuses=(404, 409))

The first rule is the seed's spelling, the others are aliases of it, served by the same view. `Api.add` gives every
operation its guard, one transaction, its time limit and, for POST, idempotency; tags, compression, limits, CORS and
errors hold for all of `/api` (web/toolkit.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel

from .door import Door, Guard
from .paging import PageQuery

V = TypeVar("V", bound=Callable[..., Any])

REQUEST, UPLOAD = 30, 60  # seconds a request may take (contract.md §1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`rule` and `aliases` are whole paths as Flask writes them; the models are pydantic's."""

    method: str
    rule: str
    endpoint: str
    tag: str
    guard: str
    summary: str
    """One line for people, in Russian."""
    aliases: tuple[str, ...] = ()
    about: str = ""
    """What the summary does not say: units, rules, oddities. Russian, plain paragraphs."""
    seed: str = ""
    """Sections of the seed, `1.1, 3.1`."""
    query: type[BaseModel] | None = None
    takes: type[BaseModel] | None = None
    """The JSON body."""
    form: type[BaseModel] | None = None
    """The fields of a form; `files` names those that hold files (multipart), else it is urlencoded."""
    files: tuple[str, ...] = ()
    gives: Any = None
    """The type of a successful JSON answer; None: bytes (a file)."""
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of a success, with the same body: 200 where a create may find what is there."""
    refuses: tuple[int, ...] = ()
    """Statuses besides those that every operation of its kind has."""
    needs: str = "read"
    """The right of services/access.py that its service asks for; '' where none is needed."""
    kept: bool = True
    """Whether a GET is tagged; False where secrets or files are near: no-store."""
    once: bool = True
    """Whether a POST honours Idempotency-Key."""
    match: bool = False
    """Whether a PUT or PATCH honours If-Match."""

    @property
    def seconds(self) -> int:
        """How long it may take."""
        return UPLOAD if self.files else REQUEST

    @property
    def listed(self) -> bool:
        """Whether it answers a list in pages."""
        return self.query is not None and issubclass(self.query, PageQuery)


class Api(Door):
    """A blueprint of operations. `tag` is the noun under which the description lists them, in Russian."""

    def __init__(self, name: str, import_name: str, *, tag: str, guard: Guard, url_prefix: str = "/api") -> None:
        super().__init__(name, import_name, guard=guard, url_prefix=url_prefix)
        self.tag = tag
        self.operations: list[Operation] = []

    def get(self, rule: str, *aliases: str, **declaration: Any) -> Callable[[V], V]:  # type: ignore[override]
        return self._add("GET", rule, aliases, declaration)

    def post(self, rule: str, *aliases: str, **declaration: Any) -> Callable[[V], V]:  # type: ignore[override]
        return self._add("POST", rule, aliases, declaration)

    def put(self, rule: str, *aliases: str, **declaration: Any) -> Callable[[V], V]:  # type: ignore[override]
        return self._add("PUT", rule, aliases, declaration)

    def patch(self, rule: str, *aliases: str, **declaration: Any) -> Callable[[V], V]:  # type: ignore[override]
        return self._add("PATCH", rule, aliases, declaration)

    def delete(self, rule: str, *aliases: str, **declaration: Any) -> Callable[[V], V]:  # type: ignore[override]
        return self._add("DELETE", rule, aliases, declaration)

    def _add(self, method: str, rule: str, aliases: tuple[str, ...], declaration: dict[str, Any]) -> Callable[[V], V]:
        def register(view: V) -> V:
            prefix, name = self.url_prefix or "", view.__name__
            operation = Operation(
                method=method, rule=prefix + rule, aliases=tuple(prefix + alias for alias in aliases),
                endpoint=f"{self.name}.{name}", tag=self.tag, guard=getattr(self.guard, "kind", ""), **declaration,
            )  # fmt: skip
            self.operations.append(operation)
            for number, path in enumerate((rule, *aliases)):
                endpoint = name + ("", "_plural", "_alias", "_other")[number]
                self.add_url_rule(path, endpoint, view, methods=[method], operation=operation)
            return view

        return register


def operations(app: Flask) -> list[Operation]:
    """Every operation that the application serves, in the order of registration."""
    return [one for door in app.blueprints.values() if isinstance(door, Api) for one in door.operations]
