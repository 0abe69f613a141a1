"""Which frames of the kit a test's traceback does without: pytest looks for `__tracebackhide__` in modules, too."""

from __future__ import annotations

from typing import Any

_KIT = "kecs.testing."


def told(failed: Any) -> bool:
    """Whether the error has been made to be read in the test that it ends; any other is shown with all of its way."""
    made = isinstance(failed.value, AssertionError | TimeoutError) or type(failed.value).__module__.startswith(_KIT)
    return bool(made)
