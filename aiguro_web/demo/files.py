"""Files of the demo's messages, drawn and sounded here: nobody has to bring pictures along."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from .. import storage

WIDTH, HEIGHT = 640, 480  # pixels of a picture
RATE = 8000  # samples a second of a voice
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int, Colour]  # left, top, right, bottom

# Rooms as a client photographs them: the colours of wall and floor, and what stands there.
ROOMS: tuple[tuple[Colour, Colour, tuple[Box, ...]], ...] = (
    ((214, 206, 194), (150, 116, 84), (
        (230, 90, 410, 360, (120, 92, 68)), (250, 110, 390, 345, (70, 60, 54)), (470, 230, 560, 360, (236, 230, 220)),
    )),
    ((226, 230, 232), (170, 176, 180), (
        (150, 230, 490, 320, (250, 250, 250)), (200, 250, 440, 300, (196, 204, 210)),
        (300, 170, 340, 240, (140, 148, 156)),
    )),
    ((232, 226, 214), (198, 188, 172), (
        (0, 0, 640, 40, (246, 242, 236)), (380, 40, 560, 90, (206, 190, 160)), (60, 120, 180, 300, (168, 198, 220)),
    )),
    ((196, 204, 190), (120, 104, 88), (
        (60, 60, 320, 370, (188, 150, 110)), (340, 260, 600, 380, (110, 122, 134)), (190, 70, 194, 360, (120, 92, 66)),
    )),
)  # fmt: skip


def add_rows(messages: Iterable[tuple[dict[str, Any], int]]) -> list[dict[str, Any]]:
    """Rows of attachments for messages (row, id) whose media can be made here; the bytes are in storage then."""
    rows = []
    for number, (message, message_id) in enumerate(each for each in messages if each[0]["media"] in MADE):
        name, content = MADE[message["media"]](number, message["text"])
        kept = storage.receive(name, iter([content]))
        rows.append(
            {
                "org_id": message["org_id"], "message_id": message_id, "name": kept.name, "size": kept.size,
                "content_type": kept.content_type, "storage_key": kept.key, "created_at": message["created_at"],
            }
        )  # fmt: skip
    return rows


def _photo(number: int, text: str) -> tuple[str, bytes]:
    wall, floor, boxes = ROOMS[number % len(ROOMS)]
    lines = [[wall if y < 360 else floor for _ in range(WIDTH)] for y in range(HEIGHT)]
    for left, top, right, bottom, colour in boxes:
        for y in range(top, bottom):
            lines[y][left:right] = [colour] * (right - left)
    raw = b"".join(
        b"\0" + b"".join(bytes(max(0, part - y // 12) for part in colour) for colour in line)  # light falls from above
        for y, line in enumerate(lines)
    )
    return f"IMG_{2040 + number * 7}.png", _png(raw)


def _png(raw: bytes) -> bytes:
    """A PNG of lines of RGB, each after its filter's byte (RFC 2083)."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _voice(number: int, text: str) -> tuple[str, bytes]:
    """Four seconds of humming with the rise and fall of speech."""
    samples = bytearray()
    for at in range(RATE * 4):
        second = at / RATE
        loud = max(0.0, math.sin(second * 9)) * (0.6 + 0.4 * math.sin(second * 2.3))
        pitch = 150 + 30 * math.sin(second * 3.1)
        samples.append(128 + int(70 * loud * math.sin(2 * math.pi * pitch * second)))
    form = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    return "voice.wav", form + struct.pack("<4sI", b"data", len(samples)) + bytes(samples)


def _document(number: int, text: str) -> tuple[str, bytes]:
    """One page with the outline of a plan."""
    drawing = b"2 w 80 420 420 280 re S 80 560 200 140 re S 340 420 160 140 re S"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    ]  # fmt: skip
    body, places = b"%PDF-1.4\n", []
    for place, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (place, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return text.partition("\n")[0][:80] or "документ.pdf", body + b"xref\n0 5\n0000000000 65535 f \n" + table + end


MADE = {"photo": _photo, "voice": _voice, "document": _document}
