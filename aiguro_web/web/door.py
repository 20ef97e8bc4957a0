"""The way into a view: a guard first, then one transaction. Return commits, raise rolls back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response

from ..extensions import db, enter_organization

Guard = Callable[[dict[str, Any]], Response | None]
View = Callable[..., Any]


class Door(Blueprint):
    """A blueprint whose every view stands behind `guard`; there is no way to add one without.

    The guard gets the view's arguments, authenticates in a short transaction of its own, sets `g.who` and gives None,
    or answers instead of the view, or raises.
    """

    def __init__(self, name: str, import_name: str, *, guard: Guard, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.guard = guard

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if view_func is None:
            raise TypeError(f"{rule} has no view")
        super().add_url_rule(
            rule, endpoint or view_func.__name__, through(self.guard, view_func), provide_automatic_options, **options
        )


def through(guard: Guard, view: View) -> View:
    """`view` behind `guard`, in one transaction of `g.who`'s organisation."""

    @functools.wraps(view)
    def enter(**arguments: Any) -> Response:
        answer = guard(arguments)
        if answer is not None:
            return answer
        _begin()
        try:
            response = make_response(current_app.ensure_sync(view)(**arguments))
            db.session.commit()
            return response
        finally:
            db.session.remove()  # also rolls back what was not committed

    enter.guard = guard  # type: ignore[attr-defined]  # tests/rules read it
    return enter


@contextmanager
def outside() -> Iterator[None]:
    """Within a view: commit, give the connection back, do the slow thing, and begin a second transaction after it, also
    when the slow thing failed: whoever catches that may still ask the database."""
    db.session.commit()
    db.session.remove()
    try:
        yield
    finally:
        _begin()


def _begin() -> None:
    db.session.remove()
    who = g.get("who")
    enter_organization(who.org if who is not None else None)
