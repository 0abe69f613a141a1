"""How simulated containers behave, where their command does not say it: scripts by image, and by environment.

The runtime looks a container's script up when it pulls and starts it; `/_kecs` and tests set scripts by image. Each
field of `Script` can also be set for one container by an environment variable: `KECS_SIM_` and the field's name in
capitals, such as `KECS_SIM_PULL_SECONDS=3` or `KECS_SIM_HEALTH=HEALTHY@0,UNHEALTHY@30`. The environment wins over the
image's script, the script over the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from kecs.core.records import Health
from kecs.runtimes.simulated.course import OutputLine

PREFIX = "KECS_SIM_"
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
ExitCode = Annotated[int, msgspec.Meta(ge=0, le=255)]


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the containers of an image behave. Times are seconds of KECS's clock."""

    pull_seconds: Seconds = 0.002  # how long the image takes to arrive
    pull_error: str | None = None  # the pull fails with this; `CannotPullContainerError: ` is put before it if need be
    start_seconds: Seconds = 0.001  # how long the container takes to be running once its start was asked for
    start_error: str | None = None  # the start fails with this; `CannotStartContainerError: ` is put before it likewise
    run_seconds: Seconds | None = None  # how long it runs; None: as its command says, at once if exit_code is set
    exit_code: ExitCode | None = None  # what it exits with by itself; None: as its command says, else 0
    output: str | tuple[str, ...] | None = None  # its lines instead of its command's; see `output_lines`
    health: str = ""  # `HEALTHY`, or a course such as `HEALTHY@0,UNHEALTHY@30`; "": as the check's command says
    health_seconds: Seconds | None = None  # after the start there is a first result; None: see `health.as_scripted`
    health_by_definition: bool = False  # results come as the definition's interval, retries and startPeriod have it
    memory_mib: Annotated[int, msgspec.Meta(ge=0)] | None = None  # what it uses; above its limit it is killed
    memory_seconds: Seconds = 0.001  # after the start it has come to use that much
    cpu_units: Annotated[int, msgspec.Meta(ge=0)] | None = None  # what it uses, 1024 a core
    stop_seconds: Seconds = 0.001  # how long it takes from SIGTERM to its exit
    stop_exit_code: ExitCode | None = None  # what it exits with then; None: as its command says, else 143
    ignore_sigterm: bool = False  # it goes on until it is killed, which gives 137
    secret_error: str | None = None  # the secrets of its definition, if it has any, cannot be had, and the task fails


class HealthStep(NamedTuple):
    """From `at` seconds after the start on, the health check finds `status`."""

    at: float
    status: Health


def health_course(text: str) -> tuple[HealthStep, ...]:
    """Read `HEALTHY`, or steps such as `HEALTHY@0,UNHEALTHY@30` in the order of time. Raises ValueError."""
    steps: list[HealthStep] = []
    for part in filter(None, text.split(",")):
        status, _, at = part.strip().partition("@")
        if status not in get_args(Health):
            raise ValueError(f"health is one of {', '.join(get_args(Health))}, not {status!r}")
        step = HealthStep(_seconds(at or "0"), status)  # type: ignore[arg-type]
        if steps and step.at <= steps[-1].at:
            raise ValueError(f"the steps of health come in the order of time, unlike {text!r}")
        steps.append(step)
    return tuple(steps)


_TIMED = re.compile(r"@(\d+(?:\.\d+)?)(!?)(?: (.*))?", re.DOTALL)


def output_lines(output: str | tuple[str, ...]) -> tuple[OutputLine, ...]:
    """Read lines of output: `@2.5 text` comes 2.5 s after the start, `@2.5! text` on stderr, `text` at the start."""
    lines: list[OutputLine] = []
    for text in output.splitlines() if isinstance(output, str) else output:
        timed = _TIMED.fullmatch(text)
        if timed is None:
            lines.append(OutputLine(0.0, "stdout", text))
        else:
            lines.append(OutputLine(float(timed[1]), "stderr" if timed[2] else "stdout", timed[3] or ""))
    return tuple(sorted(lines, key=lambda line: line.at))


class ScriptBook:
    """The scripts by image glob; the pattern that was set last wins."""

    def __init__(self, scripts: Mapping[str, Mapping[str, Any]]) -> None:
        self._scripts: dict[str, Script] = {}
        self.given: dict[str, dict[str, Any]] = {}  # the fields as they were set, by pattern
        for pattern, fields in scripts.items():
            self.set(pattern, fields)

    def set(self, pattern: str, fields: Mapping[str, Any]) -> None:
        """Images that match the glob behave like this from their next pull on. Raises ValueError."""
        script = _checked(dict(fields), strict=True)
        self._scripts.pop(pattern, None)
        self._scripts[pattern] = script
        self.given[pattern] = dict(fields)

    def script(self, image: str, environment: Mapping[str, str]) -> Script:
        """The script of a container. Raises ValueError when a variable of its environment makes no sense."""
        found = next((s for pattern, s in self._matching_order() if fnmatchcase(image, pattern)), _DEFAULT)
        own = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
        if not own:
            return found
        fields: dict[str, Any] = {f: getattr(found, f) for f in Script.__struct_fields__}
        for name, value in own.items():
            field = name.removeprefix(PREFIX).lower()
            if field not in fields:
                raise ValueError(f"{name}: there is no such setting; there are {', '.join(variables())}")
            try:
                fields[field] = getattr(_checked({field: value}, strict=False), field)
            except ValueError as error:
                what = str(error).split(" - at ")[0]
                raise ValueError(f"{name}={value}: {what}") from None
        return Script(**fields)

    def _matching_order(self) -> Iterator[tuple[str, Script]]:
        return reversed(self._scripts.items())


def variables() -> list[str]:
    """The environment variables that change a simulated container."""
    return [PREFIX + field.upper() for field in Script.__struct_fields__]


def _checked(fields: dict[str, Any], *, strict: bool) -> Script:
    try:
        script = msgspec.convert(fields, Script, strict=strict)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    health_course(script.health)
    return script


def _seconds(text: str) -> float:
    try:
        return msgspec.convert(text, Seconds, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{text!r} is not a number of seconds: {error}") from None


_DEFAULT = Script()
