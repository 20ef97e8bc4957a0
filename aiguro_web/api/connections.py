"""Messenger connections: the seed's §5.4, 5.5, 6.2 and 6.3."""

from __future__ import annotations

from flask import Response, current_app, g, url_for

from .. import channels
from ..errors import Invalid, Unavailable
from ..schemas.connections import ConnectionIn, ConnectionOut, connection_out
from ..services import connections, funnels
from ..web import auth, conditional, paging
from ..web.body import read_json, read_query, respond
from ..web.door import Door, outside
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Door("api_connections", __name__, guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get("/funnel/<f>/messenger_connections")
@bp.get("/funnels/<f>/messenger_connections", endpoint="index_plural")
def index(org: str, f: str) -> Response:
    """The connections attached to a funnel (seed §5.4, 6.2)."""
    conditional.no_store()
    scope = f"o{org}:connections:{f}"
    page = paging.page_of(read_query(PageQuery), scope)
    funnel = funnels.get_funnel(g.who, get_id(f))
    rows, headers = paging.part(connections.list_connections(g.who, funnel.id), page, scope)
    return respond([connection_out(row) for row in rows], list[ConnectionOut], headers=headers)


@bp.get("/funnel/<f>/messenger_connection/<id>")
@bp.get("/funnels/<f>/messenger_connections/<id>", endpoint="show_plural")
def show(org: str, f: str, id: str) -> Response:
    """One connection; where the `Location` of a new one points."""
    conditional.no_store()
    funnel = funnels.get_funnel(g.who, get_id(f))
    return respond(connection_out(connections.get_connection(g.who, get_id(id), funnel.id)), ConnectionOut)


@bp.post("/funnel/<f>/messenger_connection")
@bp.post("/funnels/<f>/messenger_connections", endpoint="create_plural")
def create(org: str, f: str) -> Response:
    """Connect a bot (seed §5.5, 6.3): its token is checked with the messenger before the 201."""
    conditional.no_store()
    wish = read_json(ConnectionIn)
    g.who.must("manage")
    funnel_id = funnels.get_funnel(g.who, get_id(f)).id
    account = channels.Account("", "", "")
    if wish.messenger_type != "webchat":
        with outside():
            account = check(wish.messenger_type, wish.token)
    row = connections.create(
        g.who,
        funnel_id=funnel_id,
        messenger_type=wish.messenger_type,
        account_id=account.id,
        username=account.username,
        account=account.name,
        token=wish.token.strip(),
        name=wish.name or "",
    )
    location = url_for("api_connections.show", org=org, f=f, id=row["id"])
    return respond(connection_out(row), ConnectionOut, 201, {"Location": location})


def check(messenger_type: str, token: str) -> channels.Account:
    """Ask the messenger whose token this is; a person waits for the answer, no transaction does."""
    if not token.strip():
        raise Invalid("Нужен токен", token="вставьте токен бота")
    try:
        return channels.channel(messenger_type, current_app.config).check(token.strip())
    except channels.BadToken as bad:
        raise Invalid(bad.reason, token=bad.words) from None
    except channels.Later as later:
        raise Unavailable(f"Мессенджер сейчас не отвечает: {later.reason}") from None
