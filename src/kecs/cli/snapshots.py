"""`kecs snapshot` and `kecs restore`: the whole state of a KECS as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

import click

from kecs.cli.client import call, running_or_fail
from kecs.cli.flags import chosen_instance, flag, instance_flags

_SECONDS = 600.0  # how long it may take


@click.command("snapshot")
@flag("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it.  [default: stdout]")
@instance_flags
def snapshot_command(output: Path | None, instance: str, data_dir: Path | None) -> None:
    """Write all that there is now, as JSON; `kecs restore` takes it."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    text = json.dumps(call(running.url, "GET", "snapshot", timeout=_SECONDS))
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror or error}") from error


@click.command("restore")
@click.argument("file", type=click.File("rb"))
@instance_flags
def restore_command(file: BinaryIO, instance: str, data_dir: Path | None) -> None:
    """Replace all that there is by what a snapshot has; - reads it from stdin."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    try:
        document = json.loads(file.read())
    except ValueError as error:
        raise click.ClickException(f"{file.name} is no snapshot of KECS: {error}") from error
    restored = call(running.url, "POST", "snapshot", document, timeout=_SECONDS)
    lost = "" if restored["tasksGoOn"] else "; what does not run any more of its tasks counts as lost"
    click.echo(f"KECS is as in the snapshot: {restored['records']} records{lost}.")
