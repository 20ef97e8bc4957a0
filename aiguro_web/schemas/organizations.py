"""An organisation in the front-end's words (contract.md §4)."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from ..models.organization import GID_MAX, NAME_MAX
from .base import Flag, In, Line, Out


class OrganizationOut(Out):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": 1, "gid": "org_2abcDEF", "display_name": "Ромашка", "is_active": True}]}
    )

    id: int = Field(description="Наш номер организации: он стоит во всех адресах")
    gid: str | None = Field(description="Номер у Clerk (`org_…`); null у созданной без него")
    display_name: str
    is_active: bool


class OrganizationIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"gid": "org_2abcDEF", "display_name": "Ромашка", "is_active": True}]}
    )

    gid: str = Field(
        min_length=1, max_length=GID_MAX, description="Номер организации у Clerk; его должен подтверждать токен"
    )
    display_name: Line = Field(
        min_length=1, max_length=NAME_MAX, description="Название; у существующей организации не меняется"
    )
    is_active: Flag = Field(
        default=True, description="Принимается и ни на что не влияет: выключает организацию только поддержка AIGURO"
    )
