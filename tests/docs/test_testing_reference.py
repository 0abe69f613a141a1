"""The reference of the testing kit names all that it has: what is exported, its arguments, fixtures and options."""

from __future__ import annotations

import inspect
import re

import pytest
from tests.docs.test_examples import ROOT

import kecs.testing
from kecs.testing import Server, plugin

PAGES = ("docs/reference/testing.md", "docs/reference/fake-images.md")
WORDS = {word for page in PAGES for word in re.findall(r"[\w-]+", (ROOT / page).read_text())}
CONTAINER = set(re.findall(r"\w+", (ROOT / "docs/guides/testcontainers.md").read_text()))
OURS = {"bindings", "log_count", "log_lines"}  # what the plugin asks a server


def test_every_name() -> None:
    assert set(kecs.testing.__all__) - WORDS == set()
    assert sorted(kecs.testing._MODULE_OF) == sorted(kecs.testing.__all__) == kecs.testing.__all__


def test_every_member_of_a_server() -> None:
    assert {name for name in vars(Server) if not name.startswith("_")} - WORDS == OURS


@pytest.mark.parametrize("name", kecs.testing.__all__)
def test_every_argument(name: str) -> None:
    exported = getattr(kecs.testing, name)
    if inspect.isfunction(exported):
        words = CONTAINER if name == "start_container" else WORDS
        assert set(inspect.signature(exported).parameters) - words == set()


def test_every_fixture_and_option(pytestconfig: pytest.Config) -> None:
    fixtures = {name for name, found in vars(plugin).items() if type(found).__name__ == "FixtureFunctionDefinition"}
    assert "kecs_clock" in fixtures
    assert fixtures - WORDS == set()
    options = {name for name in vars(pytestconfig.option) if name.startswith("kecs_")}
    assert "kecs_runtime" in options
    assert {f"--{name.replace('_', '-')}" for name in options} - WORDS == set()
