"""The KECS instances of this machine: a folder each, which the commands find one another by.

    <data root>/<instance name>/
        instance.json   what `kecs start` wrote when it was ready
        kecs.log        what a detached KECS printed
        state.sqlite    the server's own
        logs.sqlite     likewise, once there are logs
        identity        what sets its containers apart from those of every other instance

A running KECS holds a lock on its folder. The kernel lets go of it when the process ends, however it ends, so a lock
tells who lives where a process id would only guess.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

DEFAULT_NAME = "default"
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")

_IDENTITY = "identity"
_CLAIM_SECONDS = 0.2  # another command that looks whether the instance runs holds its lock for an instant


class Running(NamedTuple):
    """What instance.json says. It stays when a KECS that keeps state stops."""

    pid: int
    url: str
    runtime: str
    started_at: float  # seconds since the epoch
    account: str
    region: str
    ephemeral: bool
    kubeconfig: str | None = None  # of a cluster that tasks run on; None: KECS's own pod has an account there
    context: str | None = None


class AlreadyRunning(Exception):
    """Another process has this instance."""


class Instance:
    """One folder of the registry."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.directory = root / name
        self.log = self.directory / "kecs.log"
        self._record = self.directory / "instance.json"
        self._lock: int | None = None

    @property
    def label(self) -> str:
        """What its containers are labelled with. It is drawn once and kept in the folder: folders of data, users and
        containers with a KECS in each may share one Docker Engine, names and paths, but never this."""
        identity = self.directory / _IDENTITY
        try:
            known = identity.read_text().strip()
        except OSError:
            known = ""
        if not known:
            known = os.urandom(4).hex()
            with contextlib.suppress(OSError):  # a folder that cannot be used is good enough for an ephemeral KECS
                self.directory.mkdir(parents=True, exist_ok=True)
                identity.write_text(f"{known}\n")
        return f"{self.name}-{known}"

    def exists(self) -> bool:
        return self.directory.is_dir()

    def running(self) -> bool:
        """Whether a process holds the instance."""
        try:
            descriptor = os.open(self.directory, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def claim(self) -> None:
        """Take the instance for this process until it ends. Raises AlreadyRunning, and OSError for a bad folder."""
        deadline = time.monotonic() + _CLAIM_SECONDS
        while self._lock is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.directory, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.exists() and os.path.samestat(os.fstat(descriptor), self.directory.stat()):
                    self._lock = descriptor
                    return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise AlreadyRunning(self.name) from None
                time.sleep(0.01)
            os.close(descriptor)

    def write(self, running: Running) -> None:
        """Say how this instance is reached; whoever reads sees all of it or nothing."""
        draft = self.directory / "instance.json.new"
        draft.write_text(json.dumps(running._asdict(), indent=2) + "\n")
        draft.replace(self._record)

    def read(self) -> Running | None:
        """What was written last; None when nothing was, or nothing that can be read."""
        try:
            return Running(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def forget(self) -> None:
        """An ephemeral KECS has stopped: remove the record, and the folder unless an earlier KECS keeps state in it."""
        self._record.unlink(missing_ok=True)
        left = {entry.name for entry in self.directory.iterdir()} if self.exists() else set()
        if left <= {self.log.name, _IDENTITY}:
            self.remove()

    def remove(self) -> None:
        """Remove everything."""
        import shutil  # seldom needed, and slow enough for `kecs start` to notice

        shutil.rmtree(self.directory, ignore_errors=True)


def data_root(chosen: Path | None) -> Path:
    """The folder of all instances."""
    if chosen is not None:
        return chosen.expanduser().absolute()
    state: Any = os.environ.get("XDG_STATE_HOME")
    return Path(state or Path.home() / ".local" / "state") / "kecs"


def all_instances(root: Path) -> list[Instance]:
    """Every instance that runs or has left something, by name."""
    try:
        names = sorted(entry.name for entry in root.iterdir() if NAME_PATTERN.fullmatch(entry.name) and entry.is_dir())
    except OSError:
        return []
    return [Instance(root, name) for name in names]
