"""Makes a tree of an expression's tokens. `not` binds more tightly than `and`, `and` more tightly than `or`.

or         = and ( ("or" | "||") and )*
and        = unary ( ("and" | "&&") unary )*
unary      = ("not" | "!") unary | "(" or ")" | comparison
comparison = subject operator [ argument | "[" argument ( "," argument )* "]" ]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from kecs.core.placement.query.lexer import Token, tokens
from kecs.core.placement.query.patterns import pattern
from kecs.core.placement.query.tree import (
    EVERY,
    WORDS,
    All,
    Comparison,
    Expression,
    InvalidExpression,
    Not,
    Operator,
    Some,
    subject_of,
)

DEEPEST = 50  # parentheses and negations inside each other
_END = Token("symbol", "")


@lru_cache(maxsize=1024)
def parse(expression: str) -> Expression:
    """The expression as a tree. Raises InvalidExpression."""
    return _Parser(expression).whole()


def problem_of(expression: str) -> str | None:
    """Why the text is no expression; None when it is one."""
    try:
        parse(expression)
    except InvalidExpression as error:
        return str(error)
    return None


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = [*tokens(expression), _END]
        self._position = 0
        self._depth = 0

    def whole(self) -> Expression:
        tree = self._either()
        if self._next is not _END:
            raise InvalidExpression(f"unexpected '{self._next.text}'")
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        if token is _END:
            raise InvalidExpression("it ends too early")
        self._position += 1
        return token

    def _accept(self, *texts: str) -> bool:
        """Take the next token if it is one of these and not quoted."""
        if self._next is _END or self._next.kind == "text" or self._next.text not in texts:
            return False
        self._position += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise InvalidExpression(f"'{text}' is missing")

    def _either(self) -> Expression:
        parts = self._chain(self._both, "or", "||")
        return parts[0] if len(parts) == 1 else Some(parts)

    def _both(self) -> Expression:
        parts = self._chain(self._unary, "and", "&&")
        return parts[0] if len(parts) == 1 else All(parts)

    def _chain(self, part: Callable[[], Expression], *texts: str) -> tuple[Expression, ...]:
        parts = [part()]
        while self._accept(*texts):
            parts.append(part())
        return tuple(parts)

    def _unary(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidExpression("it is nested too deeply")
        if self._accept("not", "!"):
            tree: Expression = Not(self._unary())
        elif self._accept("("):
            tree = self._either()
            self._expect(")")
        else:
            tree = self._comparison()
        self._depth -= 1
        return tree

    def _comparison(self) -> Comparison:
        name = self._take()
        subject = subject_of(name.text) if name.kind == "word" else None
        if subject is None:
            raise InvalidExpression(f"'{name.text}' is not a subject")
        operator = self._operator()
        if operator not in subject.operators:
            raise InvalidExpression(f"the operator {operator} is not valid for {name.text}")
        arguments = self._arguments(operator)
        try:
            for argument in arguments:
                pattern(argument) if operator in ("=~", "!~") else subject.kind(argument)
        except ValueError:
            raise InvalidExpression(f"the argument {arguments} is not valid for {name.text} {operator}") from None
        return Comparison(name.text, operator, arguments)

    def _operator(self) -> Operator:
        token = self._take()
        if token.kind == "word" and token.text in WORDS:
            return WORDS[token.text]
        for operator in EVERY:
            if token.kind == "symbol" and token.text == operator:
                return operator
        raise InvalidExpression(f"'{token.text}' is not an operator")

    def _arguments(self, operator: Operator) -> tuple[str, ...]:
        if operator in ("exists", "!exists"):
            return ()
        if operator not in ("in", "!in"):
            return (self._argument(),)
        self._expect("[")
        arguments = [self._argument()]
        while self._accept(","):
            arguments.append(self._argument())
        self._expect("]")
        return tuple(arguments)

    def _argument(self) -> str:
        token = self._take()
        if token.kind == "symbol":
            raise InvalidExpression(f"'{token.text}' stands where an argument is expected")
        return token.text
