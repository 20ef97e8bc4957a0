"""The assistant of a stage: a prompt and its parameters."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to
from .stage import CODE_MAX

PROMPT_MAX = 50_000
ASSISTANT_NAME_MAX = 120
ASSISTANT_DESCRIPTION_MAX = 5000


class Assistant(Tenant, Base):
    """`prompt` is the published version; each change is kept as a `PromptVersion`."""

    __tablename__ = "assistant"
    __table_args__ = (
        belongs_to("funnel", "funnel_id"),
        belongs_to("stage", "stage_id"),
        UniqueConstraint("org_id", "funnel_id", "code"),
    )

    id: Mapped[Id]
    funnel_id: Mapped[int]
    stage_id: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    name: Mapped[str] = mapped_column(String(ASSISTANT_NAME_MAX))
    description: Mapped[str] = mapped_column(Text, server_default="")
    prompt: Mapped[str] = mapped_column(Text, server_default="")
    temperature: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    top_p: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
