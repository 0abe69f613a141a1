"""Which container the calling thread belongs to: what a test does outside of one and inside of one is not the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kecs.testing.faking import Container

_here = threading.local()


def current() -> Container | None:
    """The container whose function goes on in this thread."""
    return getattr(_here, "container", None)


@contextmanager
def inside(container: Container) -> Iterator[None]:
    """This thread belongs to the container meanwhile."""
    _here.container = container
    try:
        yield
    finally:
        _here.container = None
