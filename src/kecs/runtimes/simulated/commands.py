"""What a command does, as far as it can be told without running it: a pure function from command to `Course`.

The runtime asks for the course of a container when it starts one, so that a job with the command
`sh -c "echo a; sleep 2; exit 4"` prints, lasts and exits as it would in a real container. Understood are the
`PROGRAMS`, and in a shell line: `;`, `&&`, `||`, `!`, `&` with `wait`, `if`, `while`, `until`, `for`, groups and
subshells, variables with their defaults, and `trap` for TERM. Anything else makes the whole command not understood.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from kecs.runtimes.simulated.course import Course, Loop
from kecs.runtimes.simulated.programs import PROGRAMS, Broke, Continued, Ended, Endless, Machine, Out
from kecs.runtimes.simulated.syntax import (
    Background,
    Block,
    Chain,
    For,
    If,
    Node,
    Not,
    Simple,
    Subshell,
    While,
    parse,
)
from kecs.runtimes.simulated.words import NotUnderstood, expand, expand_one

SHELLS = {"sh", "bash", "ash", "dash"}
MOST_TEXT = 1_000_000  # characters of variables and arguments before a command counts as not understood
MOST_STEPS = 10_000  # nodes run before a command counts as not understood
SECONDS_OF_A_TIGHT_ROUND = 1.0  # what a round of an endless loop takes that never sleeps
_NOT_FOUND = 127  # a shell's exit code for a program that is not there


@lru_cache(maxsize=4096)
def course_of(argv: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> Course | None:
    """The course of a container whose entry point and command are `argv`; None when that is not understood.

    A single word with blanks in it is read as a shell line, which is more than a container engine would do.
    """
    words = ["sh", "-c", argv[0]] if len(argv) == 1 and " " in argv[0].strip() else list(argv)
    try:
        return _Shell(dict(environment)).course(words)
    except (NotUnderstood, RecursionError):
        return None


class _Shell(Machine):
    """Runs nodes on the machine."""

    def __init__(self, environment: dict[str, str], *, nested: bool = False) -> None:
        super().__init__(environment)
        self._steps = 0
        self._parameters: dict[str, str] = {}
        self._depth = 1 if nested else 0  # how many shells inside the container's first process

    def course(self, argv: list[str]) -> Course:
        """Run a program as the container's first process."""
        try:
            code = self.call(argv, Out())
        except Ended as ended:
            code = ended.code
        except Endless as endless:
            return self._made(None, 0, endless.loop, hoards=endless.hoards)
        except (Broke, Continued):  # outside of a loop they do nothing, and the shell goes on
            raise NotUnderstood("break") from None
        return self._made(self.clock, code, None)

    def handler(self, line: str) -> Course:
        if self._depth:
            raise NotUnderstood("trap in a shell that is not the first process")
        if not line:
            return Course()
        shell = _Shell(dict(self.environment), nested=True)
        try:
            shell.run(parse(line))
        except Ended as ended:
            return shell._made(shell.clock, ended.code, None)
        except Endless:
            pass
        return shell._made(None, 0, None)

    def call(self, argv: list[str], out: Out) -> int:
        name = argv[0].rsplit("/", 1)[-1] if argv else ""
        if name in SHELLS:
            return self._shell(argv[1:], out)
        program = PROGRAMS.get(name)
        if program is None:
            raise NotUnderstood(name)
        return program(self, argv[1:], out)

    def _shell(self, words: list[str], out: Out) -> int:
        """`sh -c line [name [argument …]]`."""
        options = ""
        while words and words[0].startswith("-") and "c" not in options:
            options += words[0][1:]
            words = words[1:]
        if not re.fullmatch(r"[eluxi]*c", options) or not words or out != Out():
            raise NotUnderstood("sh")
        line, *arguments = words
        with self._inside():
            self._parameters = {str(number): word for number, word in enumerate(arguments or ["sh"])}
            self.exit_on_error, self.trace = "e" in options, "x" in options
            self.run(parse(line))
        return self.status

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """A shell of its own: its variables and options are gone afterwards, `exit` leaves it only."""
        environment, parameters = dict(self.environment), self._parameters
        exit_on_error, trace = self.exit_on_error, self.trace
        first = self._depth == 0 and self._steps == 0
        self._depth += 0 if first else 1
        try:
            yield
        except Ended as ended:
            if first:
                raise
            self.status = ended.code
        finally:
            self._depth -= 0 if first else 1
            self.environment, self._parameters = environment, parameters
            self.exit_on_error, self.trace = exit_on_error, trace

    def run(self, node: Node, *, tested: bool = False) -> None:
        """Run a node and leave its exit status. `tested`: what decides over it, `set -e` does not end the shell."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise NotUnderstood("too much happens")
        match node:
            case Simple():
                self._simple(node)
            case Subshell(body):
                with self._inside():
                    self.run(body, tested=tested)
            case Background(inner):
                self._background(inner)
            case _:
                self._compound(node, tested=tested)
                return
        if self.status and self.exit_on_error and not tested:
            raise Ended(self.status)

    def _compound(self, node: Node, *, tested: bool) -> None:
        """Run a node whose parts decide for themselves whether a failure ends the shell."""
        match node:
            case Block(nodes):
                for inner in nodes:
                    self.run(inner, tested=tested)
            case Chain(first, links):
                self._chain(first, links, tested=tested)
            case Not(inner):
                self.run(inner, tested=True)
                self.status = 0 if self.status else 1
            case If():
                self._if(node, tested=tested)
            case While():
                self._while(node)
            case For(name, words, body):
                self._for(name, expand(words, self._variables()), body)

    def _simple(self, node: Simple) -> None:
        before = dict(self.environment)
        for name, word in node.assignments:
            self.environment[name] = expand_one(word, self._variables())
        fields = expand(node.words, self._variables())
        if sum(map(len, [*fields, *self.environment.values()])) > MOST_TEXT:
            raise NotUnderstood("too much text")
        if not fields:
            self.status = 0
            return
        if self.trace:
            self.write("stderr", f"+ {' '.join(fields)}\n")
        try:
            self.status = self.call(fields, _out(node.redirections))
        finally:
            if node.assignments:  # they were for this program only
                self.environment = before

    def _chain(self, first: Node, links: tuple[tuple[str, Node], ...], *, tested: bool) -> None:
        self.run(first, tested=True)
        for number, (operator, node) in enumerate(links, 1):
            if (self.status == 0) == (operator == "&&"):
                self.run(node, tested=tested or number < len(links))

    def _background(self, node: Node) -> None:
        begun = self.clock
        try:
            with self._inside():
                self.run(node)
            self.background = max(self.background, self.clock)
        except Endless as endless:
            if endless.hoards or (endless.loop is not None and endless.loop.lines):
                raise NotUnderstood("an endless job in the background") from None
            self.background = math.inf
        self.clock, self.status = begun, 0

    def _if(self, node: If, *, tested: bool) -> None:
        for condition, body in node.branches:
            self.run(condition, tested=True)
            if self.status == 0:
                self.run(body, tested=tested)
                return
        self.status = 0
        if node.otherwise is not None:
            self.run(node.otherwise, tested=tested)

    def _while(self, node: While) -> None:
        """A round that changes no variable would be followed by the same round for ever."""
        last = 0
        while True:
            begun, printed, variables = self.clock, len(self.lines), dict(self.environment)
            self.run(node.condition, tested=True)
            if (self.status == 0) == node.until:
                self.status = last
                return
            try:
                self.run(node.body)
            except Broke:
                self.status = 0
                return
            except Continued:
                self.status = 0
            last = self.status
            if self.environment == variables:
                if self.mid_line:
                    raise NotUnderstood("an endless line")
                round_ = [line._replace(at=line.at - begun) for line in self.lines[printed:]]
                del self.lines[printed:]
                raise Endless(Loop(begun, self.clock - begun or SECONDS_OF_A_TIGHT_ROUND, tuple(round_)))

    def _for(self, name: str, values: list[str], body: Node) -> None:
        self.status = 0 if not values else self.status
        for value in values:
            self.environment[name] = value
            try:
                self.run(body)
            except Broke:
                self.status = 0
                return
            except Continued:
                self.status = 0

    def _variables(self) -> dict[str, str]:
        return {**self.environment, **self._parameters, "?": str(self.status), "!": "2"}

    def _made(self, ends: float | None, code: int, loop: Loop | None, *, hoards: bool = False) -> Course:
        self.flush()
        lines = [line for line in self.lines if ends is None or line.at <= ends]
        return Course(
            ends=ends,
            exit_code=code,
            lines=tuple(sorted(lines, key=lambda line: line.at)),
            loop=loop,
            hoards=hoards,
            on_sigterm=self.on_sigterm,
        )


def _out(redirections: tuple[str, ...]) -> Out:
    """Where output goes after these redirections, applied from left to right."""
    out = Out()
    for redirection in redirections:
        source, _, target = redirection.replace(">>", ">").partition(">")
        if redirection.startswith("<"):
            continue
        if source == "&":
            out = Out(None, None)
            continue
        to = {"&1": out.stdout, "&2": out.stderr, "/dev/null": None, "/dev/stdout": out.stdout}.get(target, out.stderr)
        out = out._replace(stderr=to) if source == "2" else out._replace(stdout=to)
    return out


class Prompt(_Shell):
    """A shell that somebody sits at: it takes a line at a time and remembers its variables."""

    over = False  # the last line has left the shell

    def interrupt(self, code: int) -> None:
        """The last line was ended early, with this exit code."""
        self.status = code

    def enter(self, line: str) -> Course:
        """What comes of this line. A program that is not known is said so, with exit code 127."""
        self.lines, self.clock, self.background, self._steps = [], 0.0, 0.0, 0
        try:
            self.run(parse(line))
        except Ended as ended:
            self.over = True
            self.status = ended.code
        except Endless as endless:
            return self._made(None, 0, endless.loop)
        except (NotUnderstood, RecursionError, Broke, Continued) as error:
            self.write("stderr", f"sh: {error}: not found\n")
            self.status = _NOT_FOUND
        return self._made(self.clock, self.status, None)
