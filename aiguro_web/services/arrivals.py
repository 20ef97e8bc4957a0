"""The shapes of what messengers bring, as adapters read them, and of the dialog it comes to."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from typing import Protocol


class Person(Protocol):
    """Who wrote, as a messenger knows them."""

    @property
    def external_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def phone(self) -> str: ...


class Update(Protocol):
    """What a messenger told us, as its adapter read it."""

    @property
    def kind(self) -> str: ...
    @property
    def update_id(self) -> str: ...
    @property
    def chat_id(self) -> str: ...
    @property
    def person(self) -> Person | None: ...
    @property
    def message_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def media(self) -> str: ...


class OpenDialog(Protocol):
    """What the path of a message needs of its dialog."""

    id: int
    org_id: int
    uuid: uuids.UUID
    connection_id: int | None
    channel: str
    thread_id: str
    unsubscribed: bool
    ai: bool


class Delivery(Protocol):
    """One delivery of a messenger, as its adapter read it; `error` says why it could not."""

    @property
    def payload(self) -> str: ...
    @property
    def updates(self) -> Sequence[Update]: ...
    @property
    def update_id(self) -> str: ...
    @property
    def error(self) -> str: ...
