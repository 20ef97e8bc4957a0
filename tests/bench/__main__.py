"""Seeds a database of its own, starts the product and the limit side by side, and prints their ratios.

python -m tests.bench [--dialogs 1000000] [--orgs 50] [--rounds 7] [--seconds 1.5] [--only WORD]
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from aiguro_web import embedded, seeding  # noqa: E402
from tests.bench import weights  # noqa: E402
from tests.bench.load import Wire, burst, request  # noqa: E402
from tests.databases import SECRET, plain  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
USERS = 150


@dataclass
class Row:
    """One comparison; the budget is performance.md's."""

    name: str
    limit: Callable[[], bytes]
    ours: Callable[[], bytes]
    budget: float
    wanted: int = 200
    same: bool = False


@dataclass
class Flat:
    """Two calls of ours that should take as long: the second's median time against the first's."""

    name: str
    first: Callable[[], bytes]
    second: Callable[[], bytes]
    most: float


def main() -> None:
    options = _options()
    instance = Path(os.environ.get("AIGURO_BENCH_INSTANCE") or ROOT / "instance" / "bench")
    server = embedded.start(instance)  # durable: the price of a commit is part of the truth
    seeded, tokens = _prepare(server, options)
    servers = [_serve("tests.bench.limit:app", seeded, server), _serve("wsgi:app", seeded, server)]
    try:
        for row in _rows(seeded, tokens, servers[1][1], server):
            if options.only in row.name:
                _compare(row, servers, options)
        for flat in _flats(seeded, tokens, server):
            if options.only in flat.name:
                _compare_flat(flat, servers[1][1], options)
        if options.only in "weights":
            _weigh(seeded, servers[1][1], server)
    finally:
        for process, _ in servers:
            process.send_signal(signal.SIGTERM)
        for process, _ in servers:
            process.wait(20)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--dialogs", type=int, default=1_000_000)
    parser.add_argument("--orgs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--only", default="")
    return parser.parse_args()


def _environment(server: embedded.Server) -> dict[str, str]:
    urls = server.urls("bench")
    return {
        **os.environ, "AIGURO_ENV": "development", "SECRET_KEY": SECRET, "DATABASE_URL": urls.app,
        "DATABASE_OWNER_URL": urls.owner, "BENCH_ADMIN": plain(urls.admin), "PUBLIC_URL": "http://bench.example",
    }  # fmt: skip


def _prepare(server: embedded.Server, options: argparse.Namespace) -> tuple[seeding.Seeded, list[str]]:
    """A database `bench` with the asked number of rows, kept for the next run; and an admin's token."""
    with psycopg.connect(plain(server.admin_url()), autocommit=True) as admin:
        admin.execute('DROP DATABASE IF EXISTS "bench" WITH (FORCE)')
        admin.execute('CREATE DATABASE "bench" OWNER aiguro_owner')
    os.environ.update(_environment(server))
    import flask_migrate

    from aiguro_web import create_app
    from aiguro_web.extensions import db
    from aiguro_web.models import Role
    from aiguro_web.services import api_tokens, organizations, users

    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
        began = time.perf_counter()
        seeded = seeding.seed(server.urls("bench").owner, options.dialogs, options.orgs)
        print(
            f"seeded {options.dialogs} dialogs of {options.orgs} organisations in {time.perf_counter() - began:.0f} s"
        )
        tokens = []
        for number in range(USERS):
            user = users.first_sight("bench", f"user-{number}")
            db.session.flush()
            organizations.invite(seeded.org, user.id, Role.admin)
            tokens.append(api_tokens.issue(user.id).token)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return seeded, tokens


def _serve(target: str, seeded: seeding.Seeded, server: embedded.Server) -> tuple[subprocess.Popen[bytes], int]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **_environment(server), "PORT": str(port), "BENCH_ORG": str(seeded.org), "BENCH_FUNNEL": str(seeded.big_funnel),
        "BENCH_CONNECTION": str(seeded.connection), "RATELIMIT_ENABLED": "1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", target],
        env=env,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            Wire(port)
            return process, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{target} did not start")


def _asking(tokens: list[str], path: str, method: str = "GET", body: bytes = b"", **more: str) -> Callable[[], bytes]:
    """The same call by many users in turn: the product's own limit of 1000 calls a minute stays on."""
    turns = itertools.cycle(
        [request(method, path, {"Authorization": f"Bearer {token}", **more}, body) for token in tokens]
    )
    return lambda: next(turns)


def _flats(seeded: seeding.Seeded, tokens: list[str], server: embedded.Server) -> list[Flat]:
    """A large company's list takes as long as a small one's; a far page by cursor as long as a near one."""
    big, small = (
        f"/api/organization/{seeded.org}/funnel/{f}/dialogs" for f in (seeded.big_funnel, seeded.small_funnel)
    )
    flats = [
        Flat(
            "list of 50, largest funnel : smaller",
            _asking(tokens, f"{small}?limit=50"),
            _asking(tokens, f"{big}?limit=50"),
            1.3,
        )
    ]
    with psycopg.connect(plain(server.urls("bench").admin)) as admin:
        ids = [
            admin.execute(
                "SELECT id FROM dialog WHERE funnel_id = %s ORDER BY id DESC OFFSET %s LIMIT 1", [seeded.big_funnel, at]
            ).fetchone()
            for at in (50, 199_950)
        ]
    if all(ids):
        from aiguro_web.web.paging import encode

        key = hashlib.blake2b(SECRET.split(",")[0].encode(), digest_size=32, person=b"aiguro.cursor").digest()
        near, far = (encode([row[0]], f"o{seeded.org}:dialogs:{seeded.big_funnel}", key) for row in ids if row)
        flats.append(
            Flat("list of 50, page 4000 : page 2", _asking(tokens, f"{big}?limit=50&cursor={near}"),
                 _asking(tokens, f"{big}?limit=50&cursor={far}"), 1.2)
        )  # fmt: skip
    return flats


def _cookies(seeded: seeding.Seeded, server: embedded.Server) -> list[str]:
    """A signed-in browser's cookie for each of the organisation's people."""
    from aiguro_web import create_app

    with psycopg.connect(plain(server.urls("bench").admin)) as admin:
        people = admin.execute("SELECT user_id FROM membership WHERE org_id = %s", [seeded.org]).fetchall()
    app = create_app()
    signer, name = app.session_interface.get_signing_serializer(app), app.config["SESSION_COOKIE_NAME"]
    return [f"{name}={signer.dumps({'_user_id': str(row[0]), '_fresh': True, 'org_id': seeded.org})}" for row in people]


def _board(seeded: seeding.Seeded, server: embedded.Server) -> Row:
    """The board of the largest funnel as a signed-in person's page refreshes it: 252 cards, all columns, their exact
    counts and sums."""
    with psycopg.connect(plain(server.urls("bench").admin)) as admin:
        found = admin.execute("SELECT id FROM stage WHERE funnel_id = %s", [seeded.big_funnel]).fetchall()
    path = f"/dashboard/deals/board?funnel={seeded.big_funnel}&columns={','.join(f'{row[0]}.84.' for row in found)}"
    turns = itertools.cycle(
        [request("GET", path, {"Cookie": cookie, "HX-Request": "true"}) for cookie in _cookies(seeded, server)]
    )
    return Row("board, 252 cards", lambda: request("GET", "/board", {}), lambda: next(turns), 0.3)


def _weigh(seeded: seeding.Seeded, port: int, server: embedded.Server) -> None:
    """What every page and the fragments of a working day weigh."""
    with psycopg.connect(plain(server.urls("bench").admin)) as admin:
        uuid, client = admin.execute(
            "SELECT uuid, client_id FROM dialog WHERE funnel_id = %s ORDER BY id DESC LIMIT 1", [seeded.big_funnel]
        ).fetchone()
    cookie = _cookies(seeded, server)[0]
    for path, is_fragment in weights.addresses(str(uuid), client, seeded.big_funnel):
        print(weights.weigh(f"http://127.0.0.1:{port}", path, cookie, fragment=is_fragment), flush=True)


def _rows(seeded: seeding.Seeded, tokens: list[str], port: int, server: embedded.Server) -> list[Row]:
    def asking(path: str, **more: str) -> Callable[[], bytes]:
        return _asking(tokens, path, **more)

    base = f"/api/organization/{seeded.org}/funnel/{seeded.big_funnel}"
    with psycopg.connect(plain(server.urls("bench").admin)) as admin:
        uuid, chats = admin.execute(
            "SELECT (SELECT uuid FROM dialog WHERE funnel_id = %s ORDER BY id DESC LIMIT 1), "
            "(SELECT array_agg(external_id) FROM client_identity WHERE connection_id = %s)",
            [seeded.big_funnel, seeded.connection],
        ).fetchone()
    rows = []
    for count, budget, unchanged in ((50, 0.6, 1.5), (1000, 0.9, 20.0)):
        limit = request("GET", f"/list/{count}", {})
        path = f"{base}/dialogs?limit={count}"
        _, head, _ = Wire(port).ask(asking(path)())
        tag = next(line[6:] for line in head.decode().split("\r\n") if line.lower().startswith("etag:"))
        rows += [
            Row(f"list of {count}", lambda raw=limit: raw, asking(path), budget, same=True),
            Row(
                f"list of {count}, unchanged (304)", lambda raw=limit: raw,
                asking(path, **{"If-None-Match": tag}), unchanged, wanted=304,
            ),
        ]  # fmt: skip
    rows.append(_board(seeded, server))
    rows.append(
        Row(
            "messages, newest 50", lambda: request("GET", f"/messages/{uuid}", {}),
            asking(f"{base}/dialog/{uuid}/messages?limit=50"), 0.5,
        )
    )  # fmt: skip
    words = json.dumps({"text": "Здравствуйте, сейчас всё расскажу"}).encode()
    sends = {"method": "POST", "body": words, "Content-Type": "application/json"}
    rows.append(
        Row("POST message", lambda: request("POST", f"/message/{uuid}", {"Content-Type": "application/json"}, words),
            _asking(tokens, f"{base}/dialog/{uuid}/message", **sends), 0.5, wanted=201)
    )  # fmt: skip
    counter = itertools.count(10_000_000)

    def update() -> bytes:
        number = next(counter)
        chat = random.choice(chats)
        message = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": 1, "type": "private"},
            "text": "Здравствуйте, сколько стоит доставка до Казани?",
        }
        message["from"] = {"id": 1, "is_bot": False, "first_name": "Анна"}
        body = json.dumps({"update_id": number, "message": message}, ensure_ascii=False)
        return body.replace('"chat": {"id": 1', f'"chat": {{"id": {chat}').encode()

    secret = {"X-Telegram-Bot-Api-Secret-Token": seeding.SECRET, "Content-Type": "application/json"}
    rows.append(
        Row(
            "inbound message", lambda: request("POST", "/inbound", {"Content-Type": "application/json"}, update()),
            lambda: request("POST", f"/webhooks/telegram/{seeded.key}", secret, update()), 0.5,
        )
    )  # fmt: skip
    return rows


def _compare(row: Row, servers: list[tuple[subprocess.Popen[bytes], int]], options: argparse.Namespace) -> None:
    (limit, limit_port), (ours, our_port) = servers
    if row.same:
        bodies = [Wire(port).ask(make())[2] for port, make in ((limit_port, row.limit), (our_port, row.ours))]
        if json.loads(bodies[0]) != json.loads(bodies[1]):
            raise SystemExit(f"{row.name}: the two answers differ")
    speeds: list[list[float]] = [[], []]
    costs: list[list[float]] = [[], []]
    for number in range(options.rounds + 1):
        for side, (process, port, make, wanted) in enumerate(
            ((limit, limit_port, row.limit, 200), (ours, our_port, row.ours, row.wanted))
        ):
            before = _cpu(process.pid)
            found = burst(port, make, options.seconds, wanted=wanted)
            if found.failures:
                raise SystemExit(f"{row.name}: {found.failures} of {found.requests} answers were not {wanted}")
            if number:  # the first round warms up
                speeds[side].append(found.requests / found.seconds)
                costs[side].append((_cpu(process.pid) - before) / found.requests * 1e6)
    speed, cost = [[statistics.median(values) for values in both] for both in (speeds, costs)]
    ratio = speed[1] / speed[0]
    print(
        f"{row.name:34} limit {speed[0]:7.0f}/s {cost[0]:6.0f} µs   ours {speed[1]:7.0f}/s {cost[1]:6.0f} µs   "
        f"ratio {ratio:5.2f} (by CPU {cost[0] / cost[1]:5.2f})  budget {row.budget:g}  "
        f"{'ok' if ratio >= row.budget else 'BELOW'}",
        flush=True,
    )


def _compare_flat(flat: Flat, port: int, options: argparse.Namespace) -> None:
    times: list[list[float]] = [[], []]
    for number in range(options.rounds + 1):
        for side, make in enumerate((flat.first, flat.second)):
            found = burst(port, make, options.seconds, connections=1)
            if found.failures:
                raise SystemExit(f"{flat.name}: {found.failures} of {found.requests} answers were not 200")
            times[side] += found.times if number else []
    first, second = (statistics.median(one) * 1000 for one in times)
    verdict = "ok" if second / first <= flat.most else "ABOVE"
    print(
        f"{flat.name:38} {first:6.2f} ms, {second:6.2f} ms   ratio {second / first:5.2f}  at most {flat.most:g}  {verdict}",
        flush=True,
    )


def _cpu(pid: int) -> float:
    """CPU seconds of a server and its workers so far (PostgreSQL's are not in it)."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (str(pid), *children):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


if __name__ == "__main__":
    main()
