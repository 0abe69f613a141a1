"""`kecs start --detach`: both sides of it, the parent that waits and the child that goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click


def start_detached(options: dict[str, str]) -> str:
    """Start KECS in a session of its own; its ready line. Ends this command as the child ended when it fails.

    `options`: environment variables, for what was said on this command line. The child writes its ready line to a
    pipe; the pipe's end without a word is the child's death, and what it printed until then tells why.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output, os.fdopen(reading) as pipe:
        child = subprocess.Popen(
            [sys.executable, "-m", "kecs", "start", "--ready-fd", str(writing)],
            env={**os.environ, **options},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        if line := pipe.read():
            child.returncode = 0  # it goes on without us: nobody waits for it
            return line
        code = child.wait()
        output.seek(0)
        printed = output.read().decode(errors="replace")
        click.echo(printed or f"Error: KECS ended while it started (exit code {code}).", err=True, nl=not printed)
        raise SystemExit(code if code > 0 else 1)


class WaitingParent:
    """The child's view of the process that waits for it to be ready."""

    def __init__(self, ready_fd: int) -> None:
        os.set_inheritable(ready_fd, False)
        self._ready_fd = ready_fd
        self._stderr = os.dup(2)

    def redirect_output(self, log: Path) -> None:
        """From here on everything that is printed goes to the log."""
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)

    def restore_output(self) -> None:
        """The start has failed: what is printed now is for the parent."""
        os.dup2(self._stderr, 2)

    def ready(self, line: str) -> None:
        """Let the parent go."""
        os.write(self._ready_fd, line.encode())
        os.close(self._ready_fd)
        os.close(self._stderr)
