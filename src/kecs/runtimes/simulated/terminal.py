"""The terminal of a command that ECS Exec runs in a simulated container: a shell to type at, or one command.

What a command does is what `commands` reads off it, at its times on KECS's clock; what is not understood is a program
that is not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kecs.ports.clock import Clock, Timer
from kecs.runtimes.simulated.commands import SHELLS, Prompt, course_of
from kecs.runtimes.simulated.course import Course, OutputLine
from kecs.runtimes.simulated.output import Output

PROMPT = "# "
INTERRUPTED = 130  # exit code of a program that Ctrl-C ends
_NOT_FOUND = 127
_MOST_SHOWN = 1000  # pieces that nobody has read: typing waits for whoever reads what it shows
_LONGEST_LINE = 4095  # characters, as a terminal of Linux has it; what is typed beyond is lost
_INTERRUPT, _END, _ERASE = "\x03", "\x04", "\x7f\b"


class SimulatedTerminal:
    """See ports.terminal.Terminal."""

    def __init__(self, clock: Clock, command: Sequence[str], environment: dict[str, str]) -> None:
        self._clock = clock
        self._shown: asyncio.Queue[bytes] = asyncio.Queue()
        self._was_read = asyncio.Event()
        self._typed = ""  # of the line that is not complete
        self._course: Course | None = None  # what goes on
        self._output = Output()
        self._read = 0  # lines of it that are shown
        self._started_at = 0.0
        self._timer: Timer | None = None
        self._code: int | None = None  # how it all ended
        self._prompt = Prompt(dict(environment)) if _is_shell(command) else None
        if self._prompt is not None:
            self._show(PROMPT)
        else:
            self._play(course_of(tuple(command), tuple(sorted(environment.items()))) or _not_found(command))

    async def read(self) -> bytes:
        if self._code is not None and self._shown.empty():
            return b""
        shown = await self._shown.get()
        self._was_read.set()
        return shown

    async def write(self, data: bytes) -> None:
        for character in data.decode(errors="replace"):
            while self._code is None and self._shown.qsize() >= _MOST_SHOWN:
                self._was_read.clear()
                await self._was_read.wait()
            if self._code is None:
                self._type(character)

    async def resize(self, columns: int, rows: int) -> None:
        """Nothing that is simulated looks at the size."""

    async def exit_code(self) -> int:
        return self._code or 0

    async def close(self) -> None:
        self.hang_up(INTERRUPTED)

    def hang_up(self, code: int) -> None:
        """End whatever goes on."""
        if self._timer is not None:
            self._timer.cancel()
        if self._code is None:
            self._code = code
            self._shown.put_nowait(b"")
            self._was_read.set()

    def _type(self, character: str) -> None:
        if self._course is not None:  # a program has the terminal, and none of them reads
            if character == _INTERRUPT:
                self._show("^C\r\n")
                if self._prompt is not None:
                    self._prompt.interrupt(INTERRUPTED)
                self._ended(INTERRUPTED)
        elif character in "\r\n":
            self._show("\r\n")
            line, self._typed = self._typed, ""
            self._enter(line)
        elif character == _INTERRUPT:
            self._typed = ""
            self._show(f"^C\r\n{PROMPT}")
        elif character == _END:
            if not self._typed:
                self._enter("exit")
        elif character in _ERASE:
            if self._typed:
                self._typed = self._typed[:-1]
                self._show("\b \b")
        elif character.isprintable() and len(self._typed) < _LONGEST_LINE:
            self._typed += character
            self._show(character)

    def _enter(self, line: str) -> None:
        assert self._prompt is not None
        self._play(self._prompt.enter(line))

    def _play(self, course: Course) -> None:
        self._course, self._started_at = course, self._clock.now()
        self._output, self._read = Output(), 0
        self._output.follow(course, self._started_at)
        self._go_on()

    def _go_on(self) -> None:
        """Show what is due, and wait for what is next."""
        course = self._course
        assert course is not None
        now = self._clock.now()
        self._output.take_up(now)
        for line in self._output.lines(self._read):
            self._show(f"{line.text}\r\n")
        self._read = self._output.count
        ends = None if course.ends is None else self._started_at + course.ends
        if ends is not None and ends <= now:
            self._ended(course.exit_code)
            return
        times = [at for at in (ends, self._output.next_at()) if at is not None]
        self._timer = self._clock.call_at(min(times), self._go_on) if times else None

    def _ended(self, code: int) -> None:
        """Of what went on. A shell asks for more."""
        self._course = None
        if self._timer is not None:
            self._timer.cancel()
        if self._prompt is None or self._prompt.over:
            self.hang_up(code)
        else:
            self._show(PROMPT)

    def _show(self, text: str) -> None:
        self._shown.put_nowait(text.encode())


def _is_shell(command: Sequence[str]) -> bool:
    """Whether somebody is going to type at it."""
    return command[0].rsplit("/", 1)[-1] in SHELLS and not any("c" in word for word in command[1:])


def _not_found(command: Sequence[str]) -> Course:
    line = OutputLine(0.0, "stderr", f'exec: "{command[0]}": executable file not found in $PATH')
    return Course(ends=0.0, exit_code=_NOT_FOUND, lines=(line,))
