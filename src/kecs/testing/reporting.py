"""The part of the pytest plugin that looks after tests that go wrong: what a failed one is told, and that the next one
finds a KECS that runs, on a clock that flows. `plugin` names it, and calls the functions without `pytest_`.

It imports nothing of KECS's before there is a server.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kecs.testing.diagnostics import Diagnostics
    from kecs.testing.server import Server

MARK_SECONDS = 2.0  # how long a server may take to say how far it has come
LONGEST_NAME = 150  # of a test's folder

_SERVER = pytest.StashKey["Server"]()
_TOLD = pytest.StashKey["_Told"]()


@dataclass
class _Told:
    """What is known of a test for its diagnostics."""

    since: int = 0  # id of the last change before it
    log_since: int = 0  # lines that KECS had logged before it
    clusters: list[str] = field(default_factory=list)  # of its own
    captured: list[Diagnostics] = field(default_factory=list)  # while it was cleaned up


def add_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """`--kecs-artifacts`, and the same in the configuration and in the environment."""
    text = "Write the diagnostics of each failed test that uses KECS to a folder of its own in this one."
    group.addoption("--kecs-artifacts", metavar="DIR", help=f"{text} Also: KECS_ARTIFACTS=DIR.")
    parser.addini("kecs_artifacts", text, default="")


def serves(config: pytest.Config, server: Server) -> None:
    """This one serves the tests from now on."""
    config.stash[_SERVER] = server


def owns(item: pytest.Item, cluster: str) -> None:
    """The cluster belongs to this test alone."""
    item.stash.setdefault(_TOLD, _Told()).clusters.append(cluster)


def clean_up(item: pytest.Item, server: Server, client: Any, cluster: str) -> None:
    """Delete a test's own cluster. What goes wrong with that is seen as it is then."""
    from kecs.testing import capture_diagnostics, cleanup_cluster

    if server.ended():
        return
    try:
        cleanup_cluster(client, cluster)
    except Exception:
        item.stash.setdefault(_TOLD, _Told()).captured[:] = [capture_diagnostics(server, cluster)]
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make sure that the server runs, and note how far it has come."""
    told = item.stash[_TOLD] = _Told()
    if module := sys.modules.get("kecs.testing.seen"):
        module.pictures.clear()
    server = item.config.stash.get(_SERVER, None)
    if server is None or not _uses_kecs(item):
        return
    if server.ended():
        _start_again(item)
        return
    told.log_since = server.log_count
    if "ecs_cluster" not in item.fixturenames:  # type: ignore[attr-defined]  # else its cluster tells them apart
        from kecs.testing import admin
        from kecs.testing.history import mark

        try:
            told.since = mark(server.endpoint, MARK_SECONDS)
        except (OSError, ValueError, admin.Refused):
            return  # the test itself will find out


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Let time flow again, should the test have frozen it."""
    if nextitem is None and _uses_kecs(item):  # its server goes with it, and could not be asked what went wrong
        with contextlib.suppress(Exception):  # nothing may keep its fixtures from their end
            item.stash.setdefault(_TOLD, _Told()).captured.extend(_captured(item, "call"))
    try:
        return (yield)
    finally:
        server = item.config.stash.get(_SERVER, None)
        if server is not None and server.clock.was_frozen and not server.ended():
            server.clock.resume()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that has failed, in whichever phase, is told what its KECS knows: now, before fixtures are torn down."""
    report: Any = yield
    if report.failed:
        try:
            report.sections.extend(("KECS", text) for text in _pictures(report.longreprtext))
            report.sections.extend(("KECS", text) for text in _texts(item, report.when))
        except Exception as error:  # which would end the whole session
            report.sections.append(("KECS", f"Nothing can be told, because of a bug of KECS's own: {error!r}"))
    return report  # type: ignore[no-any-return]  # pytest's own type says no more


def _pictures(told: str) -> Iterator[str]:
    """What probes and watches of the test have seen go wrong, unless its error tells."""
    module = sys.modules.get("kecs.testing.seen")
    for picture in module.pictures if module else ():
        text = picture()
        if text and text.split("\n", 1)[0] not in told:
            yield text


def _texts(item: pytest.Item, when: str) -> Iterator[str]:
    """What is known, and where its files are."""
    for number, found in enumerate(_captured(item, when), 1):
        text = str(found)
        if folder := _folder(item, when, number):
            try:
                text += f"\nAll of it: {found.write(folder)}"
            except OSError as error:
                text += f"\nIt could not be written to {folder}: {error}"
        yield text


def _uses_kecs(item: pytest.Item) -> bool:
    return "kecs" in getattr(item, "fixturenames", ())


def _start_again(item: Any) -> None:
    """Have the fixture made anew: a test has stopped the server, or it has ended by itself."""
    for definition in item._fixtureinfo.name2fixturedefs["kecs"]:  # noqa: SLF001  # pytest offers no other way
        try:
            definition.finish(item._request)  # noqa: SLF001
        except Exception as error:  # other tests' fixtures cannot clean up what is gone
            item.add_report_section("setup", "KECS", f"Fixtures of a KECS that had ended failed, too: {error!r}")


def _captured(item: pytest.Item, when: str) -> Iterator[Diagnostics]:
    """What the servers of the test know."""
    told = item.stash.get(_TOLD, None) or _Told()
    if when == "teardown" and told.captured:
        yield from told.captured
        return
    server = item.config.stash.get(_SERVER, None)
    shared = server if _uses_kecs(item) else None
    for one in _servers(item, shared):
        from kecs.testing import capture_diagnostics

        if one is not shared:
            yield capture_diagnostics(one)
        elif told.clusters:
            for cluster in told.clusters:
                yield capture_diagnostics(one, cluster, log_since=told.log_since)
        else:
            yield capture_diagnostics(one, since=told.since, log_since=told.log_since)


def _servers(item: pytest.Item, shared: Server | None) -> list[Server]:
    """The plugin's own, and those that the test has from other fixtures."""
    module = sys.modules.get("kecs.testing.server")
    given = list(getattr(item, "funcargs", {}).values()) if module else []
    found = [one for one in given if module and isinstance(one, module.Server)]
    return list({id(one): one for one in (*filter(None, [shared]), *found)}.values())


def _folder(item: pytest.Item, when: str, number: int) -> Path | None:
    """Where the files of the test go: DIR/test id, and further down what comes of a second server or the teardown."""
    config = item.config
    named = config.getoption("--kecs-artifacts") or config.getini("kecs_artifacts") or os.environ.get("KECS_ARTIFACTS")
    if not named:
        return None
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", item.nodeid).strip("-")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hashlib.sha256(item.nodeid.encode()).hexdigest()[:8]}"
    folder = Path(config.invocation_params.dir, named, name)
    folder = folder / "teardown" if when == "teardown" else folder
    return folder / str(number) if number > 1 else folder
