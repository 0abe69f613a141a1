"""Options as all commands declare them: each has an environment variable, KECS_ and its name in capitals."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kecs.cli.instances import DEFAULT_NAME, NAME_PATTERN, Instance, data_root

F = TypeVar("F", bound=Callable[..., Any])


def environment_variable(option: str) -> str:
    """The variable of an option such as `--data-dir`."""
    return "KECS_" + option.lstrip("-").replace("-", "_").upper()


def flag(*names: str, envvar: tuple[str, ...] = (), **attributes: Any) -> Callable[[F], F]:
    """`click.option` with the variable of its first name; `envvar` names further ones that count after it."""
    variables = [environment_variable(names[0].split("/")[0]), *envvar]
    return click.option(*names, envvar=variables, **{"show_default": True, **attributes})


def instance_flags(command: F) -> F:
    """`--instance` and `--data-dir`, for the commands that speak of one instance."""
    return flag(
        "--instance",
        default=DEFAULT_NAME,
        metavar="NAME",
        callback=matching(NAME_PATTERN, "letters, digits, dots, dashes and underscores, at most 63."),
        help="Which KECS, where several run side by side.",
    )(data_dir_flag(command))


def data_dir_flag(command: F) -> F:
    """`--data-dir`: the folder that holds one folder per instance."""
    return flag(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Where instances keep their state.  [default: $XDG_STATE_HOME/kecs or ~/.local/state/kecs]",
    )(command)


def cluster_flags(command: F) -> F:
    """`--kubeconfig` and `--context`: the Kubernetes cluster of `--runtime kubernetes`."""
    return flag(
        "--kubeconfig",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The Kubernetes cluster for tasks.  [default: that of KECS's own pod, $KUBECONFIG or ~/.kube/config]",
    )(flag("--context", metavar="NAME", help="Which context of the kubeconfig.  [default: its current one]")(command))


def chosen_instance(instance: str, data_dir: Path | None) -> Instance:
    """The instance that `instance_flags` name."""
    return Instance(data_root(data_dir), instance)


def matching(
    pattern: str | re.Pattern[str], wanted: str
) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """The callback of an option whose value, if there is one, has to match as a whole; `wanted` says what it has to
    be."""

    def check(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value):
            raise click.BadParameter(wanted)
        return value

    return check
