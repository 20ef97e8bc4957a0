"""Who acts, and what they may do. The table of rights is here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import Forbidden
from ..models import Role

Kind = Literal["person", "client", "assistant", "system"]

RIGHTS: dict[Role, frozenset[str]] = {
    Role.viewer: frozenset({"read"}),
    Role.manager: frozenset({"read", "read_files", "write_dialog", "write_client", "write_ticket"}),
    Role.admin: frozenset({"read", "read_files", "write_dialog", "write_client", "write_ticket", "manage"}),
}
OTHER_RIGHTS: dict[str, frozenset[str]] = {
    "client": frozenset({"receive"}),  # a messenger speaks for its client
    "assistant": frozenset({"read", "answer"}),
    "system": frozenset({"read", "read_files", "receive", "answer", "deliver", "manage"}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody acting inside one organisation (`org`), or outside of all (None). `name` is what people see, clients
    too: '' where it is unknown."""

    kind: Kind
    org: int | None
    user_id: int | None = None
    name: str = ""
    email: str = ""
    role: Role | None = None
    staff: bool = False
    session_version: int = 0  # of the user's row: a page's session begun under another one is over

    def may(self, act: str) -> bool:
        """Whether this actor has the right `act` of RIGHTS."""
        if self.kind == "person":
            return self.role is not None and act in RIGHTS[self.role]
        return act in OTHER_RIGHTS[self.kind]

    def must(self, act: str) -> None:
        """Raises Forbidden without the right `act`."""
        if not self.may(act):
            raise Forbidden("Для этого действия не хватает прав")

    @property
    def home(self) -> int:
        """The organisation; raises Forbidden where there is none."""
        if self.org is None:
            raise Forbidden("Нет доступа к организации")
        return self.org


def system(org_id: int | None) -> Actor:
    """The product itself, in a worker."""
    return Actor("system", org_id, name="AIGURO")


def client(org_id: int) -> Actor:
    """A messenger bringing a client's words."""
    return Actor("client", org_id)


def assistant(org_id: int) -> Actor:
    """The assistant, in a worker."""
    return Actor("assistant", org_id, name="Ассистент")
