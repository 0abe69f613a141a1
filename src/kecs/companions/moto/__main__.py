"""`python -m kecs.companions.moto LISTENER`: moto's process. `process` starts it and hands it a socket's number."""

from __future__ import annotations

import sys

from kecs.companions.moto.server import run

run(int(sys.argv[1]))
