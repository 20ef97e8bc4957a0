"""Organisations: the caller's own, founding one, closing one (contract.md §4; the seed takes them for given)."""

from __future__ import annotations

from flask import Response, g, url_for

from ..schemas.base import DeletedOut
from ..schemas.organizations import OrganizationIn, OrganizationOut
from ..services import organizations
from ..services.organizations import OrganizationRow
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.operation import Api
from ..web.paging import PageQuery

bp = Api("api_organizations", __name__, tag="Организации", guard=auth.bearer)


@bp.get(
    "/organizations", summary="Мои организации", query=PageQuery, gives=list[OrganizationOut], needs="",
    about="Организации, в которых состоит владелец токена, от старых к новым. Удалённых среди них нет.",
)  # fmt: skip
def index() -> Response:
    """The caller's own organisations, whatever the token's active one."""
    scope = f"u{g.who.user_id}:organizations"
    page = paging.page_of(read_query(PageQuery), scope)
    rows, headers = paging.part(organizations.list_own(g.who), page, scope)
    return respond([_out(row) for row in rows], list[OrganizationOut], headers=headers)


@bp.post(
    "/organization", "/organizations", summary="Создать организацию или получить существующую", needs="",
    takes=OrganizationIn, gives=OrganizationOut, status=201, also=(200,), refuses=(409,),
    about="Находит организацию по `gid`, а если её нет, создаёт: 201 с `Location` для новой, 200 для уже известной, "
    "поэтому вызов можно повторять, и два вызова сразу дают одну организацию. `gid` должен быть активной организацией "
    "токена Clerk (`o.id` или `org_id`): другой, а также любой при токене, который выдал сам сервер, — 403. "
    "Создатель становится администратором; пришедшие позже получают роль из токена: `org:admin` — администратор, "
    "остальные — менеджер. Удалённый из организации сотрудник получает 403. Удалённая организация: 409. Параметр "
    "`organization_id` в адресе допускается и не используется.",
)  # fmt: skip
def create() -> Response:
    """Get or create by `gid`, which the token must prove: the front-end posts it twice in practice."""
    wish = read_json(OrganizationIn)
    row, created = organizations.found(
        g.who,
        gid=wish.gid,
        proven_gid=g.identity.org_gid,
        is_admin=g.identity.org_role == "admin",
        display_name=wish.display_name,
    )
    location = url_for("api_organizations.show", org=row["id"])
    return respond(_out(row), OrganizationOut, 201 if created else 200, {"Location": location} if created else None)


@bp.get("/organization/<org>", "/organizations/<org>", summary="Организация", gives=OrganizationOut)
def show(org: str) -> Response:
    """One of the caller's organisations."""
    return respond(_out(organizations.get_own(g.who)), OrganizationOut)


@bp.delete(
    "/organization/<org>", "/organizations/<org>", summary="Удалить организацию", gives=DeletedOut, needs="manage",
    about="Доступ закрывается сразу и для всех (в других процессах — не позже чем через минуту): любой её адрес "
    "отвечает 403, и повторное удаление тоже. Мессенджеры отключаются, боты освобождаются для других организаций. "
    "Данные не стираются: поддержка AIGURO может вернуть организацию, мессенджеры тогда подключают заново.",
)  # fmt: skip
def archive(org: str) -> Response:
    """Close it: from now on it is like one that the caller is no member of."""
    organizations.archive(g.who)
    auth.forget_organization(g.who.org)
    return respond(DeletedOut(id=g.who.org))


def _out(row: OrganizationRow) -> OrganizationOut:
    return OrganizationOut.model_construct(**row)
