"""KECS's own log: the standard library's logging on standard error, one line a record, in UTC.

structlog would be the nicer interface, but importing it takes longer than starting everything else.
"""

from __future__ import annotations

import logging
import sys
import time

LEVELS = {"trace": 5, "debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"


def configure_logging(level: str) -> None:
    """Send what KECS logs from `level` (trace … error) on to standard error; of its libraries only warnings."""
    logging.addLevelName(LEVELS["trace"], "TRACE")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("kecs").setLevel(LEVELS[level])


def formatter() -> logging.Formatter:
    """How a record becomes a line."""
    made = logging.Formatter(FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    made.converter = time.gmtime
    return made
