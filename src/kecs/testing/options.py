"""Settings as `kecs start` reads them from its environment, for a server in this process. `server` calls it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kecs.companions.choice import chosen


def _text(pattern: str, of: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"{of}, not {text!r}")
        return text

    return read


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise ValueError(f"a port from 0 to 65535, not {text!r}")
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"true or false, not {text!r}")
    return text.lower() in ("true", "1", "yes", "on")


def _companions(text: str) -> tuple[str, ...]:
    values = tuple(value.strip() for value in text.split(",") if value.strip())
    chosen(values)
    return values


# Environment variable: field of app.options.ServerOptions, how it is read.
_SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "KECS_HOST": ("host", str),
    "KECS_PORT": ("port", _port),
    "KECS_RUNTIME": ("runtime", str),
    "KECS_TEST_MODE": ("test_mode", _flag),
    "KECS_ACCOUNT": ("account", _text("[0-9]{12}", "12 digits")),
    "KECS_REGION": ("region", _text("[a-z0-9][a-z0-9-]{0,62}", "a name such as eu-west-1")),
    "KECS_NO_LOCAL_INSTANCE": ("local_instance", lambda text: not _flag(text)),
    "KECS_KUBECONFIG": ("kubeconfig", Path),
    "KECS_CONTEXT": ("context", str),
    "KECS_PODS_REACH": ("pods_reach", str),
    "KECS_SHARED_ACCESS": ("shared_access", _text("ReadWriteMany|ReadWriteOnce", "ReadWriteMany or ReadWriteOnce")),
    "KECS_PULL": ("pull", _text("missing|always|never", "missing, always or never")),
    "KECS_LAMBDA_ENDPOINT": ("lambda_endpoint", _text(r"https?://[^\s/]\S*", "a URL")),
    "KECS_COMPANION": ("companion", _companions),
    "KECS_SEED": ("seed", Path),
    "KECS_INSTANCE": ("instance", str),
}
_LEVELS = ("trace", "debug", "info", "warning", "error")
_LEVEL = _text(f"(?i:{'|'.join(_LEVELS)})", f"one of {', '.join(_LEVELS)}")
_SETTINGS |= {  # of several the last one wins, by their names
    "DEBUG": ("log_level", lambda text: "debug" if _flag(text) else "info"),
    "KECS_LOG_LEVEL": ("log_level", lambda text: _LEVEL(text).lower()),
    "LOG_LEVEL": ("log_level", lambda text: _LEVEL(text).lower()),
}
_IMPLIED = {"KECS_EPHEMERAL"}  # no data folder is ever given
NOT_IN_ENV = {  # start_server sees to these
    "KECS_DATA_DIR",
    "KECS_DETACH",
    "KECS_EPHEMERAL",
    "KECS_INSTANCE",
    "KECS_PORT",
    "KECS_REGION",
    "KECS_RUNTIME",
    "KECS_SEED",
    "KECS_TEST_MODE",
}
OF_CONTAINER = (NOT_IN_ENV | {"KECS_HOST"}) - {"KECS_RUNTIME", "KECS_SEED"}  # likewise start_container


def log_level(environment: Mapping[str, str]) -> dict[str, str]:
    """The setting that LOG_LEVEL or DEBUG=true of this environment comes to; other programs' values are none."""
    level = environment.get("LOG_LEVEL", "").lower()
    if level not in _LEVELS:
        level = "debug" if environment.get("DEBUG", "").lower() in ("1", "true", "yes", "on") else ""
    return {"KECS_LOG_LEVEL": level} if level else {}


def server_options(settings: Mapping[str, str]) -> dict[str, object]:
    """The fields of ServerOptions. Raises ValueError for what there is not, and for values that mean nothing."""
    options: dict[str, object] = {}
    for name, text in sorted(settings.items()):
        if name in _IMPLIED:
            continue
        if name not in _SETTINGS:
            known = ", ".join(sorted(_SETTINGS.keys() - NOT_IN_ENV))
            raise ValueError(f"A server in this process has no setting {name}; it has {known}.")
        field, read = _SETTINGS[name]
        try:
            options[field] = read(text)
        except ValueError as error:
            raise ValueError(f"{name} is {error}.") from None
    return options
