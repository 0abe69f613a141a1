"""`kecs stop`, `kecs destroy` and `kecs reset`: three ways to end what runs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from kecs.cli.client import call, running_or_fail
from kecs.cli.flags import chosen_instance, flag, instance_flags
from kecs.cli.instances import Instance, Running

_RESET_SECONDS = 180.0  # every container may use its stop time-out, which ECS caps at two minutes


@click.command("stop")
@flag("--timeout", type=click.FloatRange(min=0), default=60.0, help="Seconds to wait until it has stopped.")
@instance_flags
def stop_command(timeout: float, instance: str, data_dir: Path | None) -> None:
    """Stop KECS. Tasks of a server that keeps its state go on and are adopted at the next start."""
    chosen = chosen_instance(instance, data_dir)
    running = chosen.read()
    if running is None or not chosen.running():
        click.echo(f"KECS is not running (instance {instance}).")
        return
    _stop(chosen, running, timeout)
    click.echo(f"KECS stopped (instance {instance}).")


@click.command("destroy", short_help="Stop KECS and remove all that it made.")
@flag("--timeout", type=click.FloatRange(min=0), default=60.0, help="Seconds to wait until it has stopped.")
@instance_flags
def destroy_command(timeout: float, instance: str, data_dir: Path | None) -> None:
    """Stop KECS and its tasks, remove their containers and networks and the instance's state."""
    chosen = chosen_instance(instance, data_dir)
    running = chosen.read()
    if running is not None and chosen.running():
        call(running.url, "POST", "reset", timeout=_RESET_SECONDS)
        _stop(chosen, running, timeout)
    elif chosen.exists():
        from kecs.cli.leftovers import remove_leftovers

        remove_leftovers(chosen)
    else:
        click.echo(f"There is no KECS instance {instance}.")
        return
    chosen.remove()
    if chosen.exists():  # what containers have written to file systems
        raise click.ClickException(f"Files in {chosen.directory} belong to another user, and are still there.")
    click.echo(f"KECS destroyed (instance {instance}).")


@click.command("reset")
@instance_flags
def reset_command(instance: str, data_dir: Path | None) -> None:
    """Make KECS forget everything and stop every container."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    call(running.url, "POST", "reset", timeout=_RESET_SECONDS)
    click.echo(f"KECS at {running.url} has forgotten everything.")


def _stop(instance: Instance, running: Running, timeout: float) -> None:
    """Terminate the server's process and wait until it has let go of the instance."""
    pid = int(call(running.url, "GET", "health").get("pid", running.pid))
    if pid != running.pid:
        raise click.ClickException(f"{running.url} is another KECS (process {pid}, not {running.pid}); not stopped.")
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise click.ClickException(f"KECS belongs to another user (process {pid}).") from error
    deadline = time.monotonic() + timeout
    while instance.running():
        if time.monotonic() > deadline:
            raise click.ClickException(f"KECS (process {pid}) has not stopped after {timeout:g} s.")
        time.sleep(0.02)
