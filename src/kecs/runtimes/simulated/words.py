"""The words of a shell line: split as sh splits them, and expanded from an environment.

Only `commands` uses this. A part of the language that is not covered raises NotUnderstood, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class NotUnderstood(Exception):
    """The command uses something that the interpreter does not know."""


class Part(NamedTuple):
    """A piece of a word."""

    text: str
    quoted: bool
    expands: bool


class Word(NamedTuple):
    """A word before its expansion."""

    parts: tuple[Part, ...]

    @property
    def bare(self) -> str | None:
        """The word's text when nothing of it is quoted: only such a word can be a keyword of the shell."""
        return "".join(p.text for p in self.parts) if not any(p.quoted for p in self.parts) else None


class Operator(NamedTuple):
    """`;` (also for a line end), `&&`, `||`, `&`, a bracket, or a redirection with its target."""

    text: str


Token = Word | Operator

_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_REDIRECTION = re.compile(r"2>&1|1?>&2|&>\s*/dev/null|[12]?>>?\s*/dev/(?:null|stdout|stderr)|<\s*/dev/null")
_OPERATOR = re.compile(r"&&|\|\||;;|[;\n&()]")
_BARE = re.compile(r"(?:[^\s;&|<>()'\"\\`$]|\$(?!\()|\\[^\n])+")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\`]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPED_IN_QUOTES = re.compile(r'\\([$"\\`])')
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*|[0-9?!#])|\{([A-Za-z_]\w*|[0-9?])(?:(:?[-+])([^{}]*))?\})|\$")


def split(line: str) -> list[Token]:
    """The tokens of a shell line. Raises NotUnderstood for substitutions, pipes, files and the like."""
    tokens: list[Token] = []
    at = 0
    while at < len(line):
        if blank := _BLANKS.match(line, at) or _COMMENT.match(line, at):
            at = blank.end()
        elif redirection := _REDIRECTION.match(line, at):
            at = redirection.end()
            tokens.append(Operator("".join(redirection[0].split())))
        elif operator := _OPERATOR.match(line, at):
            at = operator.end()
            tokens.append(Operator(";" if operator[0] == "\n" else operator[0]))
        else:
            parts, at = _word(line, at)
            tokens.append(Word(tuple(parts)))
    return tokens


def _word(line: str, at: int) -> tuple[list[Part], int]:
    """The parts of the word that begins at `at`, and where it ends."""
    parts: list[Part] = []
    start = at
    while at < len(line):
        if match := _SINGLE.match(line, at):
            parts.append(Part(match[1], quoted=True, expands=False))
        elif match := _DOUBLE.match(line, at):
            if "$(" in match[1]:
                raise NotUnderstood("command substitution")
            parts.extend(_pieces(match[1], _ESCAPED_IN_QUOTES, quoted=True) or [Part("", quoted=True, expands=False)])
        elif match := _BARE.match(line, at):
            parts.extend(_pieces(match[0], _ESCAPED, quoted=False))
        else:
            break
        at = match.end()
    if at == start:
        raise NotUnderstood(line[start : start + 10])
    return parts, at


def _pieces(text: str, escaped: re.Pattern[str], *, quoted: bool) -> list[Part]:
    """The parts of a text in which a backslash takes the meaning from the character behind it."""
    pieces = escaped.split(text)
    parts = [Part(p, quoted or bool(i % 2), not i % 2) for i, p in enumerate(pieces) if p or i % 2]
    if any(part.expands and "${" in part.text and "}" not in part.text for part in parts):
        raise NotUnderstood("an expansion with blanks or quotes in it")
    return parts


def expand(words: Sequence[Word], environment: Mapping[str, str]) -> list[str]:
    """The fields that the words give, unquoted expansions split at blanks."""
    fields: list[str] = []
    for word in words:
        current: str | None = None
        for part in word.parts:
            text = _substitute(part.text, environment) if part.expands else part.text
            if part.quoted or not (part.expands and "$" in part.text):
                current = (current or "") + text
                continue
            pieces = text.split()
            if text[:1].isspace() and current is not None:
                fields.append(current)
                current = None
            for piece in pieces[:-1]:
                fields.append((current or "") + piece)
                current = None
            if pieces:
                current = (current or "") + pieces[-1]
                if text[-1:].isspace():
                    fields.append(current)
                    current = None
        if current is not None:
            fields.append(current)
    return fields


def expand_one(word: Word, environment: Mapping[str, str]) -> str:
    """The word as a single field, as on the right of an assignment."""
    return "".join(_substitute(p.text, environment) if p.expands else p.text for p in word.parts)


def _substitute(text: str, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name is None:
            if match.string[match.end() : match.end() + 1] in ("{", "(", "$", "@", "*"):
                raise NotUnderstood(match.string)
            return "$"
        found = environment.get(name)
        operator, other = match[3], match[4]
        if operator is None:
            return found or ""
        missing = found is None or (operator.startswith(":") and not found)
        if operator.endswith("-"):
            return _substitute(other, environment) if missing else found or ""
        return "" if missing else _substitute(other, environment)

    return _VARIABLE.sub(value, text)
