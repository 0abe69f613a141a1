"""The programs that simulated commands may call, and the machine that they act on. Only `commands` uses this.

A program is a function of the machine, its arguments and where its output goes, to an exit status. It takes no real
time: `sleep` moves the machine's own clock. One that is not here makes its whole command not understood.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, NamedTuple

from kecs.runtimes.simulated.course import Course, Loop, OutputLine
from kecs.runtimes.simulated.words import NotUnderstood

FOREVER = 1e9  # seconds; what sleeps longer is taken never to wake up

Stream = Literal["stdout", "stderr"]


class Ended(Exception):
    """The shell has exited."""

    def __init__(self, code: int) -> None:
        self.code = code & 0xFF


class Endless(Exception):
    """From here on the command goes on until it is stopped."""

    def __init__(self, loop: Loop | None = None, *, hoards: bool = False) -> None:
        self.loop = loop
        self.hoards = hoards


class Broke(Exception):
    """`break` leaves the loop."""


class Continued(Exception):
    """`continue` ends the round."""


class Out(NamedTuple):
    """Where a program's two streams go; None: nowhere."""

    stdout: Stream | None = "stdout"
    stderr: Stream | None = "stderr"


class Machine(ABC):
    """What programs see: variables, a clock that starts at 0, what has been printed, the last exit status."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.clock = 0.0
        self.status = 0
        self.background = 0.0  # when the last of the background jobs ends
        self.exit_on_error = False
        self.trace = False  # programs are printed before they run
        self.on_sigterm: Course | None = None
        self.lines: list[OutputLine] = []
        self._partial: dict[Stream, str] = {"stdout": "", "stderr": ""}

    @abstractmethod
    def call(self, argv: list[str], out: Out) -> int:
        """Run a program."""

    @abstractmethod
    def handler(self, line: str) -> Course:
        """What a shell line does that is run when a signal comes."""

    def write(self, stream: Stream | None, text: str) -> None:
        if stream is None:
            return
        *lines, rest = (self._partial[stream] + text).split("\n")
        self.lines.extend(OutputLine(self.clock, stream, line) for line in lines)
        self._partial[stream] = rest

    def flush(self) -> None:
        """What was printed without a line end becomes a line."""
        for stream, text in self._partial.items():
            if text:
                self.write(stream, "\n")

    @property
    def mid_line(self) -> bool:
        return any(self._partial.values())


def _echo(machine: Machine, words: list[str], out: Out) -> int:
    end, escapes = "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        end = "" if "n" in words[0] else end
        escapes = escapes or "e" in words[0]
        words = words[1:]
    text = " ".join(words)
    machine.write(out.stdout, (_unescape(text) if escapes else text) + end)
    return 0


def _printf(machine: Machine, words: list[str], out: Out) -> int:
    if not words:
        return 2
    form, values = _unescape(words[0]), iter(words[1:])
    wanted = len(re.findall(r"%[sd]", form))
    for _ in range(max(1, math.ceil(len(words[1:]) / wanted)) if wanted else 1):
        text = re.sub(r"%([sd%])", lambda m: "%" if m[1] == "%" else next(values, ""), form)
        machine.write(out.stdout, text)
    return 0


def _unescape(text: str) -> str:
    known = {"n": "\n", "t": "\t", "\\": "\\", '"': '"'}
    return re.sub(r"\\(.)", lambda m: known.get(m[1], m[0]), text)


def _sleep(machine: Machine, words: list[str], out: Out) -> int:
    units = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
    for word in words:
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)|inf(?:inity)?", word)
        if match is None:
            machine.write(out.stderr, f"sleep: invalid number '{word}'\n")
            return 1
        if match[1] is None:
            raise Endless
        machine.clock += float(match[1]) * units[match[2]]
    if machine.clock > FOREVER:
        raise Endless
    return 0 if words else 1


def _exit(machine: Machine, words: list[str], _out: Out) -> int:
    raise Ended(_number(words[0]) if words else machine.status)


def _printenv(machine: Machine, words: list[str], out: Out) -> int:
    if not words:
        for name, value in machine.environment.items():
            machine.write(out.stdout, f"{name}={value}\n")
        return 0
    for name in words:
        if name in machine.environment:
            machine.write(out.stdout, machine.environment[name] + "\n")
    return 0 if all(name in machine.environment for name in words) else 1


def _env(machine: Machine, words: list[str], out: Out) -> int:
    """`env NAME=value program …` runs it, `env` prints."""
    before = dict(machine.environment)
    words = list(words)
    while words and "=" in words[0] and not words[0].startswith("-"):
        name, _, value = words.pop(0).partition("=")
        machine.environment[name] = value
    try:
        return machine.call(words, out) if words else _printenv(machine, [], out)
    finally:
        machine.environment = before


def _export(machine: Machine, words: list[str], _out: Out) -> int:
    for word in words:
        name, equals, value = word.partition("=")
        if name.startswith("-"):
            raise NotUnderstood(word)
        if equals:
            machine.environment[name] = value
    return 0


def _unset(machine: Machine, words: list[str], _out: Out) -> int:
    for name in words:
        machine.environment.pop(name, None)
    return 0


def _set(machine: Machine, words: list[str], _out: Out) -> int:
    for word in words:
        if re.fullmatch(r"[-+][eux]+", word):
            on = word.startswith("-")
            machine.exit_on_error = on if "e" in word else machine.exit_on_error
            machine.trace = on if "x" in word else machine.trace
        elif re.fullmatch(r"-[eu]*o", word) or word in ("pipefail", "nounset"):
            machine.exit_on_error = machine.exit_on_error or ("e" in word[:-1] and word.startswith("-"))
        elif word == "errexit":
            machine.exit_on_error = True
        else:
            raise NotUnderstood(word)
    return 0


def _test(_machine: Machine, words: list[str], _out: Out) -> int:
    return 0 if _holds(words) else 1


def _bracket(_machine: Machine, words: list[str], _out: Out) -> int:
    if not words or words[-1] != "]":
        raise NotUnderstood("[ without ]")
    return 0 if _holds(words[:-1]) else 1


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "=": str.__eq__,
    "==": str.__eq__,
    "!=": str.__ne__,
}
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}


def _holds(words: list[str]) -> bool:
    match words:
        case []:
            return False
        case [text]:
            return text != ""
        case ["!", *rest]:
            return not _holds(rest)
        case ["-n", text]:
            return text != ""
        case ["-z", text]:
            return text == ""
        case [left, operator, right] if operator in _TEXT:
            return _TEXT[operator](left, right)
        case [left, operator, right] if operator in _NUMBERS:
            return _NUMBERS[operator](_number(left), _number(right))
    raise NotUnderstood("test")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NotUnderstood(text) from None


def _trap(machine: Machine, words: list[str], _out: Out) -> int:
    if len(words) < 2:
        raise NotUnderstood("trap")
    action, *signals = words
    names = {signal.removeprefix("SIG") for signal in signals}
    if names & {"EXIT", "0", "CHLD", "ERR"}:
        raise NotUnderstood("trap")
    if names & {"TERM", "15"}:
        machine.on_sigterm = None if action == "-" else machine.handler(action)
    return 0


def _wait(machine: Machine, _words: list[str], _out: Out) -> int:
    if machine.background == math.inf:
        raise Endless
    machine.clock = max(machine.clock, machine.background)
    return 0


def _cat(_machine: Machine, words: list[str], _out: Out) -> int:
    """Without arguments it copies its input, which is empty."""
    if words and words != ["-"]:
        raise NotUnderstood("cat")
    return 0


def _tail(_machine: Machine, words: list[str], _out: Out) -> int:
    if "/dev/zero" in words:  # looks for a line end that never comes, and keeps what it has read
        raise Endless(hoards=True)
    if "/dev/null" not in words:
        raise NotUnderstood("tail")
    if any(word.startswith(("-f", "-F")) for word in words):
        raise Endless
    return 0


def _hostname(machine: Machine, _words: list[str], out: Out) -> int:
    machine.write(out.stdout, machine.environment.get("HOSTNAME", "") + "\n")
    return 0


def _break(_machine: Machine, _words: list[str], _out: Out) -> int:
    raise Broke


def _continue(_machine: Machine, _words: list[str], _out: Out) -> int:
    raise Continued


def _exec(machine: Machine, words: list[str], out: Out) -> int:
    raise Ended(machine.call(words, out))


def _wrapped(machine: Machine, words: list[str], out: Out) -> int:
    """A program that runs the one named by its arguments."""
    while words and words[0].startswith("-"):
        words = words[1:]
    return machine.call(words, out)


def _server(foreground: tuple[str, ...]) -> Callable[[Machine, list[str], Out], int]:
    """A server: it stays in the foreground when told so by one of these words, or always when there are none."""

    def run(_machine: Machine, words: list[str], _out: Out) -> int:
        if not foreground or any(mark in word for word in words for mark in foreground):
            raise Endless
        return 0

    return run


def _status(status: int) -> Callable[[Machine, list[str], Out], int]:
    return lambda _machine, _words, _out: status


PROGRAMS: dict[str, Callable[[Machine, list[str], Out], int]] = {
    "true": _status(0),
    ":": _status(0),
    "false": _status(1),
    "cd": _status(0),
    "kill": _status(0),
    "echo": _echo,
    "printf": _printf,
    "sleep": _sleep,
    "exit": _exit,
    "env": _env,
    "printenv": _printenv,
    "export": _export,
    "unset": _unset,
    "set": _set,
    "test": _test,
    "[": _bracket,
    "trap": _trap,
    "wait": _wait,
    "cat": _cat,
    "tail": _tail,
    "hostname": _hostname,
    "break": _break,
    "continue": _continue,
    "exec": _exec,
    "command": _wrapped,
    "nohup": _wrapped,
    "tini": _wrapped,
    "dumb-init": _wrapped,
    "httpd": _server(("-f", "-DFOREGROUND")),
    "httpd-foreground": _server(()),
    "nginx": _server(("daemon off",)),
    "caddy": _server(()),
    "haproxy": _server(()),
    "envoy": _server(()),
    "traefik": _server(()),
    "redis-server": _server(()),
    "postgres": _server(()),
    "mysqld": _server(()),
    "gunicorn": _server(()),
    "uvicorn": _server(()),
}
