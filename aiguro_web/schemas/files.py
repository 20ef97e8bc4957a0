"""Files in the front-end's words (contract.md §4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..models.file import DESCRIPTION_MAX, FileCategory
from .base import In, Out, Trimmed, Utc

EXAMPLE: dict[str, JsonValue] = {
    "id": 7, "original_name": "Прайс.pdf", "filename": "Прайс.pdf", "content_type": "application/pdf", "size": 48213,
    "category": "service_catalog", "description": "Цены с 1 декабря", "is_public": False,
    "created_at": "2026-11-23T10:15:00.000000Z",
}  # fmt: skip
ADDRESS = "https://aiguro.example/api/download/AAAAAAAAAAABAAAAAAAAAAc"


class FileOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    original_name: str = Field(description="Имя, под которым файл загружен; окончание отвечает содержимому")
    filename: str = Field(description="То же, что original_name")
    content_type: str = Field(description="Тип, определённый по содержимому")
    size: int = Field(description="Байты")
    category: FileCategory
    description: str
    is_public: bool = Field(description="Пометка для своих; ссылка и у таких файлов подписана и живёт до 10 минут")
    created_at: Utc


class FilesOut(Out):
    """The one list that is not a bare array."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"files": [EXAMPLE], "total": 1, "page": 1, "per_page": 1000}]}
    )

    files: list[FileOut]
    total: int = Field(description="Сколько файлов всего; то же в X-Total-Count")
    page: int = Field(description="Номер страницы, с 1; при обходе по cursor всегда 1")
    per_page: int = Field(description="Строк на странице (limit)")


class CategoryOut(Out):
    count: int
    size: int = Field(description="Байты")


class FileStatisticsOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total_files": 2, "total_size": 50213,
                    "by_category": {
                        "general_info": {"count": 1, "size": 2000}, "service_catalog": {"count": 1, "size": 48213},
                        "dialog_management": {"count": 0, "size": 0}, "client_work": {"count": 0, "size": 0},
                    },
                }
            ]
        }
    )  # fmt: skip

    total_files: int
    total_size: int = Field(description="Байты")
    by_category: dict[FileCategory, CategoryOut] = Field(description="Все четыре категории, и пустые")


class FileIn(In):
    """The fields beside the file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"category": "service_catalog", "description": "Цены с 1 декабря", "is_public": False}]
        }
    )

    description: Trimmed = Field(default="", max_length=DESCRIPTION_MAX)
    category: FileCategory = FileCategory.general_info
    is_public: bool = False


class FileUrlQuery(BaseModel):
    """How long the link is wanted."""

    expires_in: int = Field(
        default=600, ge=1, le=2**31, description="Секунды жизни ссылки; больше 600 не бывает, лишнее отбрасывается"
    )


class FileUrlOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [{"url": ADDRESS, "expires_in": 600}]})

    url: str = Field(description="Открывается без токена, но лишь пока тот, кто её получил, видит этот файл")
    expires_in: int = Field(description="Секунды, на самом деле")
