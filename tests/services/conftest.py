"""The context that every test of a handler calls it with."""

from __future__ import annotations

import pytest

from kecs.control.ids import SeededIds
from kecs.core.arns import Scope
from kecs.core.settings import Settings
from kecs.services.context import Context
from kecs.store.memory import MemoryStore


@pytest.fixture
def context() -> Context:
    """A caller in an account and region where nothing exists yet, at a fixed time, with repeatable identifiers."""
    return Context(
        scope=Scope(account="111111111111", region="us-east-1"),
        principal="arn:aws:iam::111111111111:root",
        now=1_700_000_000.0,
        ids=SeededIds(1),
        store=MemoryStore(),
        settings=Settings(),
    )
