"""`python -m kecs.testing.child start`: `kecs start` for `host.ChildProcess`, which ends with whoever has started it.

The other end of its standard input is that process's. When it ends, however it ends, so does the input.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, name="end of input", daemon=True).start()
    runpy.run_module("kecs", run_name="__main__")
