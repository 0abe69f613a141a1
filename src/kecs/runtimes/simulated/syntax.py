"""The grammar of shell lines: from tokens to a tree of nodes, by recursive descent. Only `commands` uses this.

What is not covered (functions, `case`, pipes, redirections into files …) raises NotUnderstood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from kecs.runtimes.simulated.words import NotUnderstood, Operator, Token, Word, split


class Simple(NamedTuple):
    """Assignments, or a program with its arguments; redirections as they stand, such as `>&2`."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[str, ...]


class Chain(NamedTuple):
    """`first && … || …`: each link with the operator before it."""

    first: Node
    links: tuple[tuple[str, Node], ...]


class Block(NamedTuple):
    """One after the other."""

    nodes: tuple[Node, ...]


class Subshell(NamedTuple):
    body: Node


class Not(NamedTuple):
    node: Node


class Background(NamedTuple):
    node: Node


class If(NamedTuple):
    branches: tuple[tuple[Node, Node], ...]  # condition, body
    otherwise: Node | None


class While(NamedTuple):
    condition: Node
    body: Node
    until: bool


class For(NamedTuple):
    name: str
    words: tuple[Word, ...]
    body: Node


Node = Simple | Chain | Block | Subshell | Not | Background | If | While | For

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_CLOSING = {"then", "elif", "else", "fi", "do", "done", "}", "esac"}
_UNKNOWN = {"case", "function", "select", "[[", "time"}


@lru_cache(maxsize=1024)
def parse(line: str) -> Node:
    """The tree of a shell line. Raises NotUnderstood."""
    parser = _Parser(split(line))
    block = parser.block()
    if parser.peek() is not None:
        raise NotUnderstood(f"{parser.peek()}")
    return block


class _Parser:
    """A cursor over the tokens; each method reads what it is named after."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._compounds: dict[str, Callable[[], Node]] = {
            "if": self._if,
            "while": lambda: self._while(until=False),
            "until": lambda: self._while(until=True),
            "for": self._for,
            "{": self._group,
        }

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def block(self) -> Block:
        """Up to the end, a closing bracket or a closing keyword."""
        nodes: list[Node] = []
        while True:
            while self._skip(";"):
                pass
            token = self.peek()
            if token is None or token == Operator(")") or self._keyword() in _CLOSING:
                return Block(tuple(nodes))
            node = self._chain()
            if self._skip("&"):
                nodes.append(Background(node))
                continue
            nodes.append(node)
            after = self.peek()
            if after is not None and after not in (Operator(";"), Operator(")")) and self._keyword() not in _CLOSING:
                raise NotUnderstood(f"{after}")

    def _chain(self) -> Node:
        first = self._command()
        links: list[tuple[str, Node]] = []
        while (token := self.peek()) in (Operator("&&"), Operator("||")):
            assert token is not None
            self._at += 1
            while self._skip(";"):  # a line may end behind the operator
                pass
            links.append((str(token[0]), self._command()))
        return Chain(first, tuple(links)) if links else first

    def _command(self) -> Node:
        keyword = self._keyword()
        if keyword == "!":
            self._at += 1
            return Not(self._command())
        if keyword in self._compounds:
            self._at += 1
            return self._compounds[keyword]()
        if self._skip("("):
            body = self.block()
            self._expect(")")
            return Subshell(body)
        return self._simple()

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[str] = []
        while (token := self.peek()) is not None:
            if isinstance(token, Operator):
                if not any(mark in token.text for mark in "<>"):
                    break
                redirections.append(token.text)
            elif not words and (assigned := _assignment(token)):
                assignments.append(assigned)
            else:
                words.append(token)
            self._at += 1
        if not (assignments or words) or (words and words[0].bare in _UNKNOWN | _CLOSING):
            raise NotUnderstood(f"{self.peek()}")
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _group(self) -> Node:
        body = self.block()
        self._expect("}")
        return body

    def _if(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        while True:
            condition = self.block()
            self._expect("then")
            branches.append((condition, self.block()))
            if self._keyword() != "elif":
                break
            self._at += 1
        otherwise: Node | None = None
        if self._keyword() == "else":
            self._at += 1
            otherwise = self.block()
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _while(self, *, until: bool) -> Node:
        condition = self.block()
        return While(condition, self._loop_body(), until)

    def _for(self) -> Node:
        name = self._keyword()
        self._at += 1
        self._expect("in")
        words: list[Word] = []
        while isinstance(token := self.peek(), Word):
            words.append(token)
            self._at += 1
        if name is None or not name.isidentifier():
            raise NotUnderstood("for")
        while self._skip(";"):
            pass
        return For(name, tuple(words), self._loop_body())

    def _loop_body(self) -> Node:
        self._expect("do")
        body = self.block()
        self._expect("done")
        return body

    def _keyword(self) -> str | None:
        """The unquoted text of the word that comes next."""
        token = self.peek()
        return token.bare if isinstance(token, Word) else None

    def _skip(self, operator: str) -> bool:
        if self.peek() == Operator(operator):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if self._keyword() == text:
            self._at += 1
        elif not self._skip(text):
            raise NotUnderstood(f"{text} is missing")


def _assignment(word: Word) -> tuple[str, Word] | None:
    """Take `name=value` apart."""
    if not word.parts or word.parts[0].quoted:
        return None
    first, *others = word.parts
    match = _ASSIGNMENT.match(first.text)
    if match is None:
        return None
    return match[1], Word((first._replace(text=first.text[match.end() :]), *others))
