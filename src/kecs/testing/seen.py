"""What probes and watches have seen in the test at hand: they put it here, `reporting` shows it if the test fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MOST = 10  # of one test

pictures: deque[Callable[[], str]] = deque(maxlen=MOST)
"""Each gives a text, or an empty one when nothing was wrong."""
