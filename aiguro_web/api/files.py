"""Files of an organisation and of its funnels, and the links that open them (contract.md §4)."""

from __future__ import annotations

from flask import Response, g, request, url_for
from pydantic import Field

from .. import storage
from ..errors import Invalid
from ..models.file import FileCategory
from ..schemas.base import DeletedOut
from ..schemas.files import CategoryOut, FileIn, FileOut, FilesOut, FileStatisticsOut, FileUrlOut, FileUrlQuery
from ..services import file_links, files
from ..services.files import FileRow, NewFile
from ..web import auth, downloads, limits, multipart, paging
from ..web.body import read_query, respond
from ..web.door import outside
from ..web.operation import Api
from ..web.tenancy import get_id

TAG = "Файлы"
bp = Api("api_files", __name__, tag=TAG, guard=auth.bearer)
urls = Api("api_file_urls", __name__, tag=TAG, guard=auth.resolved)
links = Api("api_download", __name__, tag=TAG, guard=auth.public)

# The front-end writes the prefix twice; what it means stands beside it.
OWN, OWN_TOO = "/api/organizations/<org>/files", "/organizations/<org>/files"
OF_FUNNEL, OF_FUNNEL_TOO = "/api/organizations/<org>/funnels/<f>/files", "/organizations/<org>/funnels/<f>/files"
UPLOADING = (
    "Поля формы: `file` (один файл до 50 МиБ), `description`, `category`, `is_public`. Тип определяется по "
    f"содержимому: {storage.ALLOWED}. Имени приписывается верное окончание."
)


class FilesQuery(paging.PageQuery):
    """Paging, and one category."""

    category: FileCategory | None = Field(default=None, description="Только файлы этой категории")


@bp.get(
    OWN, OWN_TOO, summary="Файлы организации", about="Новые сначала; обход по `cursor` идёт от новых к старым.",
    query=FilesQuery, gives=FilesOut, needs="read_files", kept=False,
)  # fmt: skip
def index(org: str) -> Response:
    """Every file of the organisation, newest first."""
    return _list(org, None)


@bp.get(
    OWN + "/statistics", OWN_TOO + "/statistics", summary="Сколько файлов и какого размера", gives=FileStatisticsOut,
    needs="read_files", kept=False,
)  # fmt: skip
def statistics(org: str) -> Response:
    """Files and bytes by category."""
    return _statistics(None)


@bp.get(
    OWN + "/<id>", OWN_TOO + "/<id>", summary="Один файл", gives=FileOut, refuses=(404,), needs="read_files", kept=False
)  # fmt: skip
def show(org: str, id: str) -> Response:
    """One file; where the `Location` of a new one points."""
    return respond(_shown(files.get_file(g.who, get_id(id))), FileOut)


@bp.post(
    OWN, OWN_TOO, summary="Загрузить файл", about=UPLOADING, form=FileIn, files=("file",), gives=FileOut, status=201,
    needs="manage", kept=False,
)  # fmt: skip
def create(org: str) -> Response:
    """Take in a file of the organisation."""
    return _upload(org, None)


@bp.delete(
    OWN + "/<id>", OWN_TOO + "/<id>", summary="Удалить файл", about="Везде, и из всех воронок.", gives=DeletedOut,
    refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def remove(org: str, id: str) -> Response:
    """Delete a file everywhere."""
    files.remove(g.who, file_id := get_id(id))
    return respond(DeletedOut(id=file_id))


@bp.get(
    OF_FUNNEL, OF_FUNNEL_TOO, summary="Файлы воронки", about="Прикреплённые к ней, новые сначала.", query=FilesQuery,
    gives=FilesOut, refuses=(404,), needs="read_files", kept=False,
)  # fmt: skip
def index_of_funnel(org: str, f: str) -> Response:
    """Files that are attached to a funnel."""
    return _list(org, get_id(f))


@bp.get(
    OF_FUNNEL + "/statistics", OF_FUNNEL_TOO + "/statistics", summary="Сколько файлов у воронки",
    gives=FileStatisticsOut, refuses=(404,), needs="read_files", kept=False,
)  # fmt: skip
def statistics_of_funnel(org: str, f: str) -> Response:
    """Files and bytes of a funnel by category."""
    return _statistics(get_id(f))


@bp.post(
    OF_FUNNEL, OF_FUNNEL_TOO, summary="Загрузить файл в воронку",
    about=UPLOADING + " Файл виден и среди файлов организации; с удалением воронки удаляется.", form=FileIn,
    files=("file",), gives=FileOut, status=201, refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def create_in_funnel(org: str, f: str) -> Response:
    """Take in a file and attach it to the funnel."""
    return _upload(org, get_id(f))


@bp.post(
    OF_FUNNEL + "/<id>/attach", OF_FUNNEL_TOO + "/<id>/attach", summary="Прикрепить файл к воронке",
    about="Второй раз ничего не меняет.", gives=FileOut, refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def attach(org: str, f: str, id: str) -> Response:
    """Let the funnel have a file of the organisation."""
    return respond(_shown(files.attach(g.who, get_id(f), get_id(id))), FileOut)


@bp.post(
    OF_FUNNEL + "/<id>/detach", OF_FUNNEL_TOO + "/<id>/detach", summary="Открепить файл от воронки",
    about="Файл остаётся у организации.", gives=FileOut, refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def detach(org: str, f: str, id: str) -> Response:
    """Take a file away from the funnel."""
    return respond(_shown(files.detach(g.who, get_id(f), get_id(id))), FileOut)


@bp.delete(
    OF_FUNNEL + "/<id>", OF_FUNNEL_TOO + "/<id>", summary="Удалить файл воронки",
    about="Если файл прикреплён и к другим воронкам, он остаётся у них, а эту покидает.", gives=DeletedOut,
    refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def remove_of_funnel(org: str, f: str, id: str) -> Response:
    """Delete a file that only this funnel has."""
    files.remove_from_funnel(g.who, get_id(f), file_id := get_id(id))
    return respond(DeletedOut(id=file_id))


@urls.get(
    "/api/files/<id>/url", "/files/<id>/url", summary="Ссылка на файл",
    about="Организация: `orgId`, иначе та, что выбрана в токене, иначе единственная. Изображения и PDF открываются в "
    "браузере, остальное скачивается.",
    query=FileUrlQuery, gives=FileUrlOut, refuses=(404,), needs="read_files", kept=False,
)  # fmt: skip
def url(id: str) -> Response:
    """A link that opens the file for its caller, for ten minutes at most."""
    query = read_query(FileUrlQuery)
    row = files.get_file(g.who, get_id(id))
    seconds = min(query.expires_in, file_links.SECONDS_MAX)
    address = file_links.sign(g.who, "file", row["id"], seconds)
    if address.startswith("/"):
        address = request.host_url.rstrip("/") + address
    return respond(FileUrlOut(url=address, expires_in=seconds))


def _opened(token: str) -> file_links.Link:
    """The link, on the budget of the person whom it names; a bad one is on the address's."""
    try:
        link = file_links.open_link(token)
        g.rate_key = (limits.USER, f"link:{link.who.user_id}")
    finally:
        limits.spend()
    return link


@links.get(
    "/download/<token>", summary="Содержимое файла по ссылке",
    about="Без токена в заголовке: ссылка сама подписана. `Range` отвечается частью (206).", also=(206,),
    refuses=(403, 404, 416), needs="", kept=False,
)  # fmt: skip
def download(token: str) -> Response:
    """The bytes of a file, while its link is good and its person may see it."""
    link = _opened(token)
    row = file_links.get_content(link.who, link.kind, link.id)
    part = downloads.asked_part(row["size"])
    with outside():
        pieces = storage.open(row["storage_key"], *(part or ()))
    response = downloads.answer(pieces, row, part, inline=row["content_type"] in storage.INLINE)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the front-end shows images from its own address
    return response


def _list(org: str, funnel_id: int | None) -> Response:
    query = read_query(FilesQuery)
    scope = f"o{org}:files:{funnel_id or ''}:{query.category or ''}"
    page = paging.page_of(query, scope)
    before = page.after[0] if page.after else None
    rows, total = files.list_files(
        g.who,
        funnel_id=funnel_id,
        category=query.category,
        limit=page.limit,
        offset=page.offset,
        before_id=before if isinstance(before, int) else None,
    )
    next_key = [rows[-1]["id"]] if len(rows) == page.limit else None
    headers = paging.headers(page, scope=scope, total=total, next_key=next_key)
    found = FilesOut(files=[_shown(row) for row in rows], total=total, page=page.number, per_page=page.limit)
    return respond(found, FilesOut, headers=headers)


def _statistics(funnel_id: int | None) -> Response:
    counted = {row["category"]: row for row in files.count_by_category(g.who, funnel_id)}
    by_category = {
        category: CategoryOut(count=counted[category]["files"], size=counted[category]["size"])
        if category in counted
        else CategoryOut(count=0, size=0)
        for category in FileCategory
    }
    found = FileStatisticsOut(
        total_files=sum(row["files"] for row in counted.values()),
        total_size=sum(row["size"] for row in counted.values()),
        by_category=by_category,
    )
    return respond(found, FileStatisticsOut)


def _upload(org: str, funnel_id: int | None) -> Response:
    """May they; then the bytes, with no transaction open; then the row in a second one."""
    files.may_add(g.who, funnel_id)
    with storage.receiving() as take:
        with outside():
            wish, taken = multipart.read(FileIn, take, files=("file",), most_files=1)
        if not taken:
            raise Invalid("Файл не приложен", file="приложите файл")
        stored = taken[0]
        new = NewFile(
            stored.name, stored.key, stored.content_type, stored.size, wish.category, wish.description, wish.is_public
        )
        row = files.add(g.who, new, funnel_id)
    return respond(_shown(row), FileOut, 201, {"Location": url_for("api_files.show", org=org, id=row["id"])})


def _shown(row: FileRow) -> FileOut:
    return FileOut(**row, filename=row["original_name"])
