"""A process that uses the embedded server: says its address and does what it reads, a word a line.

    python using_server.py INSTANCE      stop · exit · fork (the child leaves on SIGUSR1)

Run as a program by the tests. It loads the launcher without the application around it, which it does not need.
"""

from __future__ import annotations

import os
import signal
import sys
import types
from pathlib import Path

package = types.ModuleType("aiguro_web")
package.__path__ = [str(Path(__file__).parents[2] / "aiguro_web")]
sys.modules["aiguro_web"] = package

from aiguro_web import embedded  # noqa: E402


def say(word: object) -> None:
    print(word, flush=True)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    server = embedded.start(Path(sys.argv[1]), durable=False)
    say(server.admin_url())
    for line in sys.stdin:
        match line.strip():
            case "stop":
                server.stop()
                say("stopped")
            case "exit":
                return
            case "fork":
                if child := os.fork():
                    say(child)
                else:
                    signal.sigwait({signal.SIGUSR1})
                    sys.exit()  # leaves the ordinary way, through atexit


if __name__ == "__main__":
    main()
