"""The fake's HTTP side: /bot<TOKEN>/<method> with JSON, form or query arguments, faults on request, and /_control."""

from __future__ import annotations

import dataclasses
import json
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .telegram_bots import ApiError, envelope

if TYPE_CHECKING:
    from .telegram import FakeTelegram

GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
GARBAGE = b"\x00\xff{not json at all"

REFUSALS = {
    "400": (400, "Bad Request: chat not found"),
    "401": (401, "Unauthorized"),
    "403": (403, "Forbidden: bot was blocked by the user"),
    "404": (404, "Not Found"),
    "deactivated": (403, "Forbidden: user is deactivated"),
    "500": (500, "Internal Server Error"),
}
KINDS = {*REFUSALS, "429", "502", "cut_before", "cut_after_accept", "hang", "hang_after_accept", "garbage"}


@dataclasses.dataclass
class Fault:
    """`left` more requests fail this way: those to `method`, of one chat if `chat_id` is given."""

    left: int
    kind: str
    method: str
    chat_id: int | None
    retry_after: int
    seconds: float

    def concerns(self, method: str, chat_id: str) -> bool:
        if self.left < 1 or self.method not in ("*", method):
            return False
        return self.chat_id is None or str(self.chat_id) == chat_id


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, fake: FakeTelegram) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = 120

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the URL carries the token."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        steps = parts.path.strip("/").split("/")
        if parts.path == "/_control":
            self._control(body)
        elif len(steps) == 2 and steps[0].startswith("bot"):
            self._bot_method(unquote(steps[0][3:]), steps[1], parts.query, body)
        else:
            self._refuse(ApiError(404, "Not Found"))

    def _bot_method(self, token: str, method: str, query: str, body: bytes) -> None:
        fake = self.server.fake
        try:
            args = dict(parse_qsl(query)) | self._arguments(body)
            fault = fake.take_fault(method, str(args.get("chat_id", "")))
            if fault and not self._before(fault):
                return
            answer = envelope(fake.api.call(token, method, args))
        except ApiError as error:
            self._refuse(error)
        else:
            if method.lower() in ("setwebhook", "deletewebhook"):
                fake.wake()
            if not fault or self._after(fault):
                self._answer(200, answer)

    def _arguments(self, body: bytes) -> dict[str, Any]:
        if not body:
            return {}
        if "json" not in self.headers.get("Content-Type", ""):
            return dict(parse_qsl(body.decode()))
        try:
            args = json.loads(body)
        except ValueError:
            args = None
        if not isinstance(args, dict):
            raise ApiError(400, "Bad Request: can't parse request body as JSON object")
        return args

    def _before(self, fault: Fault) -> bool:
        """What the fault does in place of the method; True when the method shall run after all."""
        if fault.kind == "429":
            raise ApiError(429, f"Too Many Requests: retry after {fault.retry_after}", retry_after=fault.retry_after)
        if fault.kind in REFUSALS:
            raise ApiError(*REFUSALS[fault.kind])
        if fault.kind == "502":
            self._answer(502, GATEWAY_PAGE, "text/html")
        elif fault.kind == "garbage":
            self._answer(200, GARBAGE, "application/json")
        elif fault.kind == "hang":
            self.server.fake.api.closing.wait(fault.seconds)
            self._cut()
        elif fault.kind == "cut_before":
            self._cut()
        else:
            return True
        return False

    def _after(self, fault: Fault) -> bool:
        """What the fault does once the method is done; True when its answer shall go out."""
        if fault.kind == "cut_after_accept":
            self._cut()
            return False
        self.server.fake.api.closing.wait(fault.seconds)
        return True

    def _cut(self) -> None:
        """Reset the connection without an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _refuse(self, error: ApiError) -> None:
        body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
        if error.parameters:
            body["parameters"] = error.parameters
        self._answer(error.code, body, retry_after=error.parameters.get("retry_after"))

    def _answer(
        self, status: int, body: Any, content_type: str = "application/json", retry_after: int | None = None
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _control(self, body: bytes) -> None:
        """GET: the state. POST {"do": "client_writes", …}: the method of that name with the rest as its arguments."""
        fake = self.server.fake
        try:
            order = json.loads(body) if body else {}
            done = fake.control(order.pop("do"), order) if order else fake.state()
        except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})
        else:
            self._answer(200, done)
