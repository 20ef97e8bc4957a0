"""`make score`: the rubric of security.md, each criterion measured by calling the real server.

python -m tests.score [--only WORD] [--criteria NAME,NAME] [--dialogs 20000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
import time
from pathlib import Path

from .asking import Answer, Target
from .stand import Stand, stand
from .verdict import CRITERIA, WANTED, judge, table


def main() -> int:
    options = _options()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it has a word about every thread of ours
    began = time.monotonic()
    with stand("score", dialogs=options.dialogs) as made, made.serve():
        print(f"ready after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        verdicts = judge(
            made,
            lambda operation: options.only in f"{operation.method} {operation.rule} {operation.endpoint}",
            criteria=tuple(options.criteria.split(",")) if options.criteria else tuple(CRITERIA),
            tell=lambda name: print(f"{time.monotonic() - began:6.0f} s  {name}", file=sys.stderr, flush=True),
        )
        real = "" if options.only or options.criteria else _real_limit(made, verdicts[0].target)
    print("\n".join(table(verdicts)))
    print(f"{sum(len(verdict.target.seen) for verdict in verdicts)} calls in {time.monotonic() - began:.0f} s")
    if real:
        print(real)
    if options.json:
        Path(options.json).write_text(
            json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False, indent=1)
        )
    return int("BROKEN" in real or any(verdict.score < WANTED for verdict in verdicts))


def _real_limit(made: Stand, like: Target) -> str:
    """Once, unlowered: a call that waits for a lock is ended after 30 s."""
    from aiguro_web.web.operation import operations

    operation = next(one for one in operations(made.app) if one.endpoint == "api_funnels.index")
    target = Target(made, operation, made.company())
    answers: list[Answer] = []

    def ask() -> None:
        with target.provoking():
            answers.append(target.ask(timeout=60))

    with made.locked():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(40)
    ended = answers and answers[0].status == 504 and 29 < answers[0].seconds < 34
    return (
        f"the real limit: {answers[0].status} after {answers[0].seconds:.1f} s"
        if ended
        else f"the real limit is BROKEN: {answers}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make score ARGS=…", description=__doc__)
    parser.add_argument("--only", default="", help="operations whose method, path or endpoint holds this")
    parser.add_argument("--criteria", default="")
    parser.add_argument("--dialogs", type=int, default=20_000)
    parser.add_argument("--json", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
