"""A KECS in a process of its own, as users start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

READY = re.compile(r"KECS ready at (http://\S+) \(runtime: (\w+)\)")
KECS = Path(sys.executable).parent / "kecs"
AWS = Path(sys.executable).parent / "aws"


class Server:
    """A running `kecs start`; `url` and `runtime` as its ready line said them."""

    def __init__(self, *flags: str, **environment: str) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the server
        self._process = subprocess.Popen(
            [KECS, "start", *flags],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **environment},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        match = READY.match(line)
        if match is None:
            self.stop()
            raise AssertionError(f"kecs start said {line!r} and logged: {self.log()}")
        self.url, self.runtime = match[1], match[2]

    def client(self, service: str = "ecs", *, account: str = "111111111111", region: str = "us-east-1") -> Any:
        """A boto3 client that speaks for this account and region."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=100),
        )

    def aws(self, *arguments: str) -> str:
        """What the AWS CLI prints."""
        done = subprocess.run(
            [AWS, "--endpoint-url", self.url, "--output", "text", *arguments],
            env={
                **os.environ,
                "AWS_ACCESS_KEY_ID": "111111111111",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": self.url,  # for commands that talk to more than one API
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def reset(self) -> None:
        """Have KECS forget everything and remove what it made."""
        request = urllib.request.Request(f"{self.url}/_kecs/reset", method="POST")
        with urllib.request.urlopen(request, timeout=120) as response:
            assert response.status == 200

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._close()

    def stop(self) -> None:
        """As `kecs stop` does; whatever it logged as an error fails the test."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
        self._close()

    def log(self) -> str:
        """What KECS has logged so far."""
        if self._log.closed:
            return self._last_log
        self._log.seek(0)
        return self._log.read()

    def _close(self) -> None:
        self._last_log = self.log()
        self._log.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running(*flags: str, **environment: str) -> Iterator[Server]:
    """A server for the length of a block. It must not have logged an error by then."""
    server = Server(*flags, **environment)
    try:
        yield server
    finally:
        server.stop()
        log = server.log()
    assert " ERROR " not in log, log
    assert "Traceback" not in log, log
