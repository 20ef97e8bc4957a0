"""Load over keep-alive connections: raw sockets, so that the client takes as little of the two cores as it can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Round:
    """One burst: how many requests in how many seconds, and each one's time."""

    requests: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    failures: int = 0


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def ask(self, raw: bytes) -> tuple[int, bytes, bytes]:
        """(status, head, body) of one request."""
        self.socket.sendall(raw)
        data = self.buffer
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, data = data[:end], data[end + 4 :]
        status = int(head[9:12])
        length = 0
        low = head.lower()
        at = low.find(b"content-length:")
        if at >= 0 and status != 304:
            length = int(low[at + 15 :].split(b"\r\n", 1)[0])
        chunks = [data]
        have = len(data)
        while have < length:
            more = self._more()
            chunks.append(more)
            have += len(more)
        data = b"".join(chunks)
        self.buffer = data[length:]
        return status, head, data[:length]

    def _more(self) -> bytes:
        more = self.socket.recv(1 << 18)
        if not more:
            raise ConnectionError("closed")
        return more


def burst(port: int, make: Callable[[], bytes], seconds: float, connections: int = 8, wanted: int = 200) -> Round:
    """Ask as fast as `connections` callers can for `seconds`; `make` gives each request."""
    result, lock, stop_at = Round(), threading.Lock(), time.perf_counter() + seconds

    def caller() -> None:
        wire, times, failures = Wire(port), [], 0
        while (now := time.perf_counter()) < stop_at:
            status, _, _ = wire.ask(make())
            times.append(time.perf_counter() - now)
            failures += status != wanted
        with lock:
            result.requests += len(times)
            result.times += times
            result.failures += failures

    began = time.perf_counter()
    threads = [threading.Thread(target=caller) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - began
    return result
