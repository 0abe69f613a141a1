"""The demo's own KECS: a child process on a free port that keeps nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from kecs.cli.demo.ecs import DemoFailed
from kecs.cli.instances import Instance

_READY = re.compile(r"KECS ready at (\S+) \(runtime: (\w+)\)")
_STOP_SECONDS = 60.0


class DemoServer:
    """`with DemoServer("auto") as server:` it answers at `server.url`; at the end it and its containers are gone."""

    url: str
    runtime: str

    def __init__(self, runtime: str, options: Iterable[str] = ()) -> None:
        """`options`: further ones of `kecs start`."""
        self._directory = tempfile.TemporaryDirectory(prefix="kecs-demo-")
        self._printed = Path(self._directory.name) / "stderr"
        instance = Instance(Path(self._directory.name), f"demo-{os.getpid()}")
        self.label = instance.label
        options = ["--ephemeral", "--port=0", f"--runtime={runtime}", "--log-level=warning", *options]
        registry = [f"--instance={instance.name}", f"--data-dir={self._directory.name}"]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kecs", "start", *options, *registry],
                env={name: value for name, value in os.environ.items() if not name.startswith("KECS_")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=printed,
                start_new_session=True,  # an interrupt at the terminal is for the demo, which then stops its server
                text=True,
            )

    def __enter__(self) -> DemoServer:
        assert self._process.stdout is not None
        ready = _READY.match(self._process.stdout.readline())
        if ready is None:
            self.__exit__(None, None, None)
            raise DemoFailed("KECS was not ready.")
        self.url, self.runtime = ready[1], ready[2]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        printed = self._printed.read_text(errors="replace").strip()
        self._directory.cleanup()
        if code != 0 and error is None:
            raise DemoFailed(f"KECS ended with exit code {code}. It printed: {printed}")
