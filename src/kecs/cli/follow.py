"""`kecs logs`: what a detached KECS has printed, and with -f what it prints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from kecs.cli.flags import chosen_instance, flag, instance_flags
from kecs.cli.instances import Instance

_LOOK_SECONDS = 0.2  # how often a followed log is looked at


@click.command("logs")
@flag("--follow", "-f", is_flag=True, help="Go on until KECS stops.")
@instance_flags
def logs_command(follow: bool, instance: str, data_dir: Path | None) -> None:
    """Print what a detached KECS has logged."""
    chosen = chosen_instance(instance, data_dir)
    if not chosen.log.exists():
        raise click.ClickException(
            f"There is no log of instance {instance}: only a KECS started with --detach writes one."
        )
    try:
        for part in _log_parts(chosen, follow):
            click.echo(part, nl=False)
    except KeyboardInterrupt:
        return


def _log_parts(instance: Instance, follow: bool) -> Iterator[bytes]:
    with instance.log.open("rb") as log:
        while True:
            goes_on = follow and instance.running()
            yield log.read()
            if not goes_on:
                return
            time.sleep(_LOOK_SECONDS)
