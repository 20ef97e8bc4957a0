"""Funnels: the seed's §6.1 and 7.1."""

from __future__ import annotations

from flask import Response, g

from ..schemas.funnels import FunnelOut
from ..services import funnels
from ..web import auth, paging
from ..web.body import read_query, respond
from ..web.operation import Api
from ..web.paging import PageQuery

bp = Api("api_funnels", __name__, tag="Воронки", guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get("/funnels", summary="Воронки организации", seed="6.1, 7.1", query=PageQuery, gives=list[FunnelOut])
def index(org: str) -> Response:
    """Every funnel of the organisation, oldest first (seed §6.1, 7.1)."""
    scope = f"o{org}:funnels"
    page = paging.page_of(read_query(PageQuery), scope)
    rows, headers = paging.part(funnels.list_funnels(g.who), page, scope)
    return respond([FunnelOut(**row) for row in rows], list[FunnelOut], headers=headers)
