"""Webhooks of messengers: check the signature, store the update and its effect, answer 200."""

from __future__ import annotations

from flask import Response, current_app, g, request

from .. import channels
from ..channels.delivery import read
from ..errors import Forbidden, NotFound, TooLarge
from ..services import inbound
from ..web.door import Door
from .guard import connection_of

bp = Door("webhooks", __name__, guard=connection_of(), url_prefix="/webhooks")
BODY_MAX = 3 * 1024 * 1024  # WhatsApp's largest payload; Telegram's are smaller


@bp.post("/<messenger>/<key>")
def receive(messenger: str, key: str) -> Response:
    """An update. 403 without the connection's secret; 200 for everything else, also what can't be read."""
    if messenger != g.connection.messenger_type or messenger == "webchat":
        raise NotFound("Подключение не найдено")
    adapter = channels.channel(messenger, current_app.config)
    body = _body()
    if not adapter.verify(channels.Credentials(**g.connection.secrets), request.headers, body):
        raise Forbidden("Подпись не подошла")
    inbound.take(g.who, g.connection.id, messenger, read(adapter, body))
    return Response(status=200)


def _body() -> bytes:
    request.max_content_length = BODY_MAX + 1  # a page's limit is lower
    body = request.stream.read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        raise TooLarge("Обновление слишком большое")
    return bytes(body)
