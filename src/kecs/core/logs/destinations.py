"""Where the log driver `awslogs` sends a container's output: its options, read as the driver reads them.

Runtimes ask before they start a container. What Docker's containers carry of it in a label has to be understood by
later versions of KECS.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import Record
from kecs.core.tasks.plan import TaskPlan

AWSLOGS = "awslogs"
NO_GROUP = "ResourceNotFoundException: The specified log group does not exist."
NO_STREAM = "failed to create Cloudwatch log stream: "
OPTIONS = {
    *("awslogs-create-group", "awslogs-create-stream", "awslogs-credentials-endpoint", "awslogs-datetime-format"),
    *("awslogs-force-flush-interval-seconds", "awslogs-format", "awslogs-group", "awslogs-max-buffered-events"),
    *("awslogs-multiline-pattern", "awslogs-region", "awslogs-stream", "awslogs-stream-prefix"),
    *("max-buffer-size", "mode", "tag"),
}
"""All that the driver knows, with the prefix, which is ECS's own."""
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False", ""}

_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_TIME_FORMATS = {
    "A": f"(?:{_DAYS})",
    "a": f"(?:{'|'.join(day[:3] for day in _DAYS.split('|'))})",
    "B": f"(?:{_MONTHS})",
    "b": f"(?:{'|'.join(month[:3] for month in _MONTHS.split('|'))})",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "f": r"\d{6}",
    "H": "(?:[01][0-9]|2[0-3])",
    "I": "(?:0[1-9]|1[0-2])",
    "j": "(?:[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "L": r"\.\d{3}",
    "M": "[0-5][0-9]",
    "m": "(?:0[1-9]|1[0-2])",
    "p": "[AP]M",
    "S": "[0-5][0-9]",
    "U": "(?:[0-4][0-9]|5[0-3])",
    "W": "(?:[0-4][0-9]|5[0-3])",
    "w": "[0-6]",
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "Z": "[A-Z]{1,4}T",
    "z": r"[+-]\d{4}",
    "%": "%",
}
"""What each directive of awslogs-datetime-format stands for. %b and %a are abbreviations, as in Python's strftime."""

_CHARACTERS = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
"""The classes of POSIX that regular expressions of Docker's language have, and those of Python's have not."""
_OTHERWISE = re.compile(r"\\z|\\.|\[:(\^?)(\w+):\]", re.DOTALL)


class InvalidOptions(Exception):
    """The driver cannot be set up; the text is what it says."""


class Destination(Record):
    """Where output goes."""

    account: str
    region: str
    group: str
    stream: str | None = None  # None: the id that the container has at the runtime
    create_group: bool = False
    starts: str | None = None  # regular expression: a line that it is found in begins an event; None: every line does

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)


def destination(plan: TaskPlan, container: m.ContainerDefinition) -> Destination | None:
    """None for a container with another log driver. Raises InvalidOptions."""
    log = container.log_configuration
    if log is None or log.log_driver != AWSLOGS:
        return None
    options = log.options or {}
    if unknown := sorted(options.keys() - OPTIONS):
        raise InvalidOptions(f"unknown log opt '{unknown[0]}' for awslogs log driver")
    prefix = options.get("awslogs-stream-prefix")
    return Destination(
        account=plan.account,
        region=options.get("awslogs-region") or plan.region,
        group=options.get("awslogs-group", ""),
        stream=f"{prefix}/{container.name}/{plan.id}" if prefix else options.get("awslogs-stream"),
        create_group=_flag(options, "awslogs-create-group"),
        starts=_starts(options),
    )


def refusal(launch_type: str, text: str) -> str:
    """Why a container whose output has nowhere to go does not start, as ECS says it for the launch type."""
    if launch_type == "FARGATE":
        return f"ResourceInitializationError: failed to validate logger args: {text} : exit status 1"
    return f"CannotStartContainerError: Error response from daemon: failed to initialize logging driver: {text}"


def no_group(launch_type: str) -> str:
    """The text for `refusal` about a log group that is not there. Fargate's says how often it has tried."""
    tried = "create stream has been retried 1 times: " if launch_type == "FARGATE" else ""
    return f"{tried}{NO_STREAM}{NO_GROUP}"


def _flag(options: Mapping[str, str], name: str) -> bool:
    given = options.get(name, "")
    if given not in _TRUE | _FALSE:
        raise InvalidOptions(f"must specify valid value for log opt '{name}': strconv.ParseBool: parsing {given!r}")
    return given in _TRUE


def _starts(options: Mapping[str, str]) -> str | None:
    """The regular expression of either option that joins lines."""
    by_time, by_pattern = options.get("awslogs-datetime-format"), options.get("awslogs-multiline-pattern")
    if by_time and by_pattern:
        raise InvalidOptions(
            "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time"
        )
    pattern = of_time_format(by_time) if by_time else of_pattern(by_pattern) if by_pattern else None
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            option = "awslogs-datetime-format" if by_time else "awslogs-multiline-pattern"
            raise InvalidOptions(f"awslogs could not parse {option} {by_time or by_pattern!r}: {error}") from None
    return pattern


def of_pattern(given: str) -> str:
    """A regular expression of Docker's language, Go, in Python's words."""
    return _OTHERWISE.sub(_in_python, given)


def _in_python(match: re.Match[str]) -> str:
    if match[0] == r"\z":
        return r"\Z"
    characters = _CHARACTERS.get(match[2])
    if characters is None:
        return match[0]
    return _all_but(characters) if match[1] else characters


def _all_but(characters: str) -> str:
    """The others, to stand in a set beside more."""
    other = re.compile(f"[^{characters}]").fullmatch
    return "".join(f"\\x{code:02x}" for code in range(128) if other(chr(code))) + r"\x80-\U0010ffff"


def of_time_format(given: str) -> str:
    """A regular expression for times in the strftime format. Whatever is no directive is one already, as in Docker."""
    return re.sub(r"%(.)", lambda match: _TIME_FORMATS.get(match[1], match[0]), given)
