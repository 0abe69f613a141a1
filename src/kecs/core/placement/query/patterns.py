"""Regular expressions of the cluster query language, matched in a time that no pattern can blow up.

Patterns come from callers, and one that Python's `re` backtracks on would hold up everybody. So a pattern becomes a
tree here, and matching asks of each part and each position once where the part can end. What that cannot express (back
references, looking around, possessive quantifiers) is refused. Called by `evaluate` and, to check, by `parser`.
https://docs.oracle.com/javase/6/docs/api/java/util/regex/Pattern.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 2000  # characters
DEEPEST = 50  # parentheses inside each other

_GROUP = re.compile(r"\((\?:|\?<[A-Za-z][A-Za-z0-9]*>)?")
_CLASS = re.compile(r"\[\^?\]?(\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[^1-9pPkQEGux])", re.DOTALL)
_QUANTIFIER = re.compile(r"([*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})\??")
_FLAGS = re.compile(r"\(\?([is]+)\)")
_LEAST_AND_MOST: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """One character; or none, at an edge."""

    accepts: re.Pattern[str]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    part: Node
    least: int
    most: int | None  # None: any number


Node = One | Row | Choice | Repeat


class Pattern:
    """A regular expression."""

    def __init__(self, text: str) -> None:
        """Raises ValueError."""
        if len(text) > LONGEST:
            raise ValueError("the pattern is too long")
        self._tree = _Parser(text).whole()

    def matches(self, value: str) -> bool:
        """Whether the pattern matches the whole value."""
        return len(value) in _Match(value).ends(self._tree, 0)


@lru_cache(maxsize=1024)
def pattern(text: str) -> Pattern:
    """The text as a regular expression. Raises ValueError."""
    return Pattern(text)


class _Match:
    """One value being matched."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._known: dict[tuple[Node, int], frozenset[int]] = {}

    def ends(self, node: Node, start: int) -> frozenset[int]:
        """Where the part can end that starts there."""
        key = (node, start)
        if key not in self._known:
            self._known[key] = self._ends(node, start)
        return self._known[key]

    def _ends(self, node: Node, start: int) -> frozenset[int]:
        match node:
            case One(accepts):
                found = accepts.match(self._value, start)
                return frozenset() if found is None else frozenset((found.end(),))
            case Choice(parts):
                return frozenset().union(*(self.ends(part, start) for part in parts))
            case Row(parts):
                reached = frozenset((start,))
                for part in parts:
                    reached = self._after(part, reached)
                return reached
            case Repeat():
                return self._repeated(node, start)

    def _repeated(self, node: Repeat, start: int) -> frozenset[int]:
        reached = frozenset((start,))
        for _ in range(node.least):
            after = self._after(node.part, reached)
            if after == reached:
                break
            reached = after
        new, rounds = reached, 0
        while new and (node.most is None or rounds < node.most - node.least):
            new = self._after(node.part, new) - reached
            reached |= new
            rounds += 1
        return reached

    def _after(self, part: Node, starts: frozenset[int]) -> frozenset[int]:
        return frozenset().union(*(self.ends(part, start) for start in starts))


class _Parser:
    def __init__(self, text: str) -> None:
        flags = _FLAGS.match(text)
        self._flags = re.RegexFlag(0)
        for letter in flags[1] if flags else "":
            self._flags |= re.IGNORECASE if letter == "i" else re.DOTALL
        self._text = text[flags.end() :] if flags else text
        self._position = 0
        self._depth = 0

    def whole(self) -> Node:
        tree = self._choice()
        if self._position < len(self._text):
            raise ValueError("a parenthesis is not open")
        return tree

    def _choice(self) -> Node:
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _row(self) -> Node:
        parts = []
        while self._position < len(self._text) and self._text[self._position] not in "|)":
            parts.append(self._quantified(self._atom()))
        return Row(tuple(parts))

    def _quantified(self, atom: Node) -> Node:
        found = _QUANTIFIER.match(self._text, self._position)
        if found is None:
            return atom
        self._position = found.end()
        if self._text[self._position : self._position + 1] in ("*", "+", "?", "{"):
            raise ValueError("a quantifier follows another")
        if found[1] in _LEAST_AND_MOST:
            return Repeat(atom, *_LEAST_AND_MOST[found[1]])
        least = int(found[2])
        most = least if found[3] is None else int(found[4]) if found[4] else None
        if most is not None and most < least:
            raise ValueError("a repetition ends before it begins")
        return Repeat(atom, least, most)

    def _atom(self) -> Node:
        char = self._text[self._position]
        if char == "(":
            return self._group()
        shape = _CLASS if char == "[" else _ESCAPE if char == "\\" else None
        if shape is not None:
            found = shape.match(self._text, self._position)
            if found is None:
                raise ValueError(f"what begins with {char} is not supported")
            self._position = found.end()
            return One(self._compiled(found[0]))
        if char in "*+?{":
            raise ValueError("there is nothing to repeat")
        self._position += 1
        return One(self._compiled(char if char in ".^$" else re.escape(char)))

    def _group(self) -> Node:
        opening = _GROUP.match(self._text, self._position)
        assert opening is not None
        self._position = opening.end()
        self._depth += 1
        if self._depth > DEEPEST or self._text[self._position : self._position + 1] == "?":
            raise ValueError("a group is nested too deeply or not supported")
        tree = self._choice()
        if not self._take(")"):
            raise ValueError("a parenthesis is not closed")
        self._depth -= 1
        return tree

    def _take(self, char: str) -> bool:
        there = self._text.startswith(char, self._position)
        self._position += there
        return there

    def _compiled(self, text: str) -> re.Pattern[str]:
        try:
            return re.compile(text.replace("\\z", "\\Z"), self._flags)
        except (re.error, Warning) as error:
            raise ValueError(str(error)) from error
