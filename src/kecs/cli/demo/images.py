"""The image that the demo runs: what is at hand, so that no registry is needed where one cannot be reached."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from kecs.cli.demo import program
from kecs.cli.demo.rootfs import PROGRAM, RootFiles, busybox_files, python_files
from kecs.runtimes.docker.engine import Engine, EngineError

BUSYBOX = "busybox:latest"

_SERVE = """\
if command -v python3 >/dev/null; then exec python3 -c "$PROGRAM" serve; fi
mkdir -p /www; echo "definition=$VERSION" >/www/index.html
trap 'sleep 2; kill $!; exit 0' TERM
httpd -f -p 8080 -h /www & wait $!"""
_CHECK = 'wget -q -O /dev/null http://127.0.0.1:8080/ || python3 -c "$PROGRAM" check'
_JOB = 'echo "Hello, $WHOM!"; exit $CODE'


class DemoImage(NamedTuple):
    """An image and how its containers are told what to do."""

    name: str
    origin: str  # for people: where it comes from
    serve: list[str]  # commands; an empty one is the image's own
    job: list[str]
    check: list[str]  # of the health check
    environment: dict[str, str]


def simulated_image() -> DemoImage:
    """Nothing has to exist: a simulated container answers HTTP by itself, and stays a moment when it is stopped."""
    environment = {"KECS_SIM_START_SECONDS": "0.5", "KECS_SIM_STOP_SECONDS": "1"}
    return DemoImage("kecs-demo", "simulated", [], ["sh", "-c", _JOB], ["CMD-SHELL", "true"], environment)


async def docker_image(engine: Engine, wanted: str | None) -> DemoImage:
    """The image that was asked for, else one that is there, else one made of this machine's files, else a public one.

    Raises EngineError when the last of these cannot be had either.
    """
    if wanted:
        await _pull_if_missing(engine, wanted)
        return _with_shell(wanted, "asked for")
    if await _exists(engine, BUSYBOX):
        return _with_shell(BUSYBOX, "already on this machine")
    if busybox := busybox_files():
        return _with_shell(await _built(engine, busybox), "made of this machine's busybox")
    if python := python_files():
        files, interpreter = python
        run = [interpreter, "-I", "-S", PROGRAM]
        check = ["CMD", *run, "check"]
        name = await _built(engine, files)
        return DemoImage(name, "made of this machine's Python", [*run, "serve"], [*run, "job"], check, {})
    await _pull_if_missing(engine, BUSYBOX)
    return _with_shell(BUSYBOX, "pulled")


def _with_shell(name: str, origin: str) -> DemoImage:
    environment = {"PROGRAM": Path(program.__file__).read_text()}
    return DemoImage(name, origin, ["sh", "-c", _SERVE], ["sh", "-c", _JOB], ["CMD-SHELL", _CHECK], environment)


async def _built(engine: Engine, files: RootFiles) -> str:
    """The name of an image of these files; a second demo on the same machine finds the first one's."""
    name = f"kecs-demo:{hashlib.sha256(files.fingerprint().encode()).hexdigest()[:12]}"
    if not await _exists(engine, name):
        await engine.progress("build", params={"t": name, "rm": True, "q": True}, body=files.build_context())
    return name


async def _pull_if_missing(engine: Engine, name: str) -> None:
    if not await _exists(engine, name):
        image, _, tag = name.rpartition(":") if ":" in name.rsplit("/", 1)[-1] else (name, ":", "latest")
        await engine.progress("images/create", params={"fromImage": image, "tag": tag})


async def _exists(engine: Engine, name: str) -> bool:
    try:
        await engine.call("GET", f"images/{name}/json")
    except EngineError as error:
        if error.status == 404:
            return False
        raise
    return True
