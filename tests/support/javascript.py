"""AWS's JavaScript SDK in a process of its own, from the packages that tests/sdk/javascript/package-lock.json names."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "sdk/javascript"
INSTALL = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
LONGEST_INSTALL = 300  # seconds


class SdkError(Exception):
    """What the SDK threw."""

    def __init__(self, name: str, message: str, status: int | None = None, *, modelled: bool = False) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.text = message
        self.status = status
        self.modelled = modelled  # an exception class of the service


@cache
def problem(folder: Path = FOLDER) -> str | None:
    """Why the packages of a folder cannot be used, or None. Installs them once, into node_modules beside the lock
    file."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests may run in several processes
        installed = folder / "node_modules/.package-lock.json"
        if installed.exists() and installed.stat().st_mtime >= os.fstat(lock.fileno()).st_mtime:
            return None
        done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST_INSTALL)
        if done.returncode == 0:
            installed.touch()
    return None if done.returncode == 0 else f"npm cannot install what {folder} needs: {done.stderr[-300:]}"


class JavaScript:
    """One client of the SDK's."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._count = 0

    def call(self, operation: str, **members: Any) -> Any:
        """The answer of an operation; a Date in it is `{"date": seconds}`. Raises SdkError."""
        return self._ask(call=operation, input=members)

    def wait(self, name: str, **members: Any) -> str:
        """The state in which one of the SDK's waiters ends: SUCCESS, or it raises SdkError."""
        state: str = self._ask(wait=name, input=members)["state"]
        return state

    def _ask(self, **request: Any) -> Any:
        self._count += 1
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"id": self._count, **request}) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        assert reply["id"] == self._count
        if "error" in reply:
            error = reply["error"]
            raise SdkError(error["name"], error["message"], error.get("status"), modelled=error["modelled"])
        return reply.get("answer")


@contextmanager
def sdk(url: str, account: str = "111111111111") -> Iterator[JavaScript]:
    """A client that speaks to KECS at `url`, in this account and us-east-1."""
    with subprocess.Popen(
        ["node", "client.mjs"],
        cwd=FOLDER,
        env={**os.environ, "KECS_URL": url, "KECS_ACCOUNT": account, "NODE_NO_WARNINGS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield JavaScript(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
