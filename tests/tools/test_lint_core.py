"""What the lint of core refuses, what it lets pass, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import lint_core

GOOD = {
    "typing and structs": "from typing import Literal\nimport msgspec\nfrom msgspec.structs import replace",
    "arithmetic on times": "from datetime import UTC, datetime\ndef f(t): return datetime.fromtimestamp(t, UTC)",
    "a field called now": "def f(snapshot): return snapshot.now + 5",
    "an argument called now": "def f(now): return now",
    "its own layer and the one below": "from kecs.core.records import Record\nfrom kecs.aws.model import ecs as m",
    "its own layer from the top": "from kecs import core",
    "regular expressions": "import re\nNAME = re.compile('x')",
    "a method called open": "def f(door): return door.open()",
}

BAD = {
    "a clock": ("import time", 1, "imports time"),
    "chance": ("\nimport random", 2, "imports random"),
    "secrets": ("from secrets import token_hex", 1, "imports secrets"),
    "uuid": ("from uuid import uuid4", 1, "imports uuid"),
    "the environment": ("from os import environ", 1, "imports os"),
    "a submodule": ("import os.path", 1, "imports os.path"),
    "sockets": ("import socket", 1, "imports socket"),
    "asyncio": ("import asyncio", 1, "imports asyncio"),
    "threads": ("import threading", 1, "imports threading"),
    "processes": ("import subprocess", 1, "imports subprocess"),
    "files": ("from pathlib import Path", 1, "imports pathlib"),
    "logging": ("import logging", 1, "imports logging"),
    "one bad name among good ones": ("import re, sys", 1, "imports sys"),
    "a name that only begins like an allowed one": ("import recordclass", 1, "imports recordclass"),
    "a layer above": ("from kecs.ports.clock import Clock", 1, "imports kecs.ports.clock"),
    "a layer above, from the top": ("from kecs import store", 1, "imports kecs.store"),
    "a relative import": ("from .. import store", 1, "imports .."),
    "an import inside a function": ("def f():\n    import time\n    return time", 2, "imports time"),
    "an import for types only": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncio",
        3,
        "imports asyncio",
    ),
    "open": ("def f():\n    return open('x')", 2, "calls open()"),
    "print": ("print('x')", 1, "calls print()"),
    "a string's hash": ("def f(s): return hash(s)", 1, "calls hash()"),
    "the time now": ("def f(clock): return clock.now()", 1, "calls .now(), which reads a clock"),
    "today": ("import datetime\nx = datetime.date.today", 2, "takes hold of datetime's today, which reads a clock"),
    "now by another name": (
        "from datetime import datetime\nread = datetime.now",
        2,
        "takes hold of datetime's now, which reads a clock",
    ),
    "a coroutine": ("async def decide(): ...", 1, "defines a coroutine, decide: core decides, it does not wait"),
}


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD)
def test_pure_code_passes(source: str) -> None:
    assert list(lint_core.problems(source, "x.py")) == []


@pytest.mark.parametrize(("source", "line", "reason"), BAD.values(), ids=BAD)
def test_impure_code_is_found(source: str, line: int, reason: str) -> None:
    assert list(lint_core.problems(source, "x.py")) == [(line, reason)]


def test_the_report_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "good.py").write_text("import re\n")
    (tmp_path / "deep" / "bad.py").write_text("import re\nimport time\n")

    assert lint_core.main(tmp_path) == 1

    assert capsys.readouterr().err.splitlines()[0] == f"{tmp_path}/deep/bad.py:2: core imports time"


def test_a_clean_folder_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.py").write_text("import re\n")

    assert lint_core.main(tmp_path) == 0

    assert capsys.readouterr() == ("", "")


def test_core_itself_is_pure() -> None:
    assert lint_core.CORE.is_dir()
    assert lint_core.main() == 0
