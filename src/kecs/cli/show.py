"""`kecs status`, `list`, `env` and `version`: what there is, without changing it."""

from __future__ import annotations

import time
from pathlib import Path
from shlex import quote

import click

from kecs import __version__
from kecs.cli.client import call, running_or_fail
from kecs.cli.flags import chosen_instance, data_dir_flag, flag, instance_flags
from kecs.cli.instances import all_instances, data_root
from kecs.cli.times import duration, local_time


@click.command("status")
@flag("--quiet", is_flag=True, help="Print nothing: the exit code says whether KECS answers and is ready.")
@instance_flags
def status_command(instance: str, data_dir: Path | None, quiet: bool) -> None:
    """Show where KECS is, since when, and how much it runs."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    health = call(running.url, "GET", "health")
    if quiet:
        raise SystemExit(health["status"] != "ok")
    state = call(running.url, "GET", "state")
    live = [task for task in state["tasks"] if task["lastStatus"] != "STOPPED"]
    reason = f" ({health['reason']})" if health.get("reason") else ""
    rows = {
        "instance": instance,
        "status": f"{health['status']}{reason}",
        "url": running.url,
        "runtime": running.runtime + (", nothing kept on disk" if running.ephemeral else ""),
        "version": health["version"],
        "process": running.pid,
        "uptime": duration(time.time() - running.started_at),
        "clusters": len(state["clusters"]),
        "services": len(state["services"]),
        "tasks": f"{len(live)} running or on their way, {len(state['tasks']) - len(live)} stopped",
    }
    table([[name, str(value)] for name, value in rows.items()])


@click.command("list")
@data_dir_flag
def list_command(data_dir: Path | None) -> None:
    """List the KECS instances of this machine."""
    rows = [["INSTANCE", "STATUS", "URL", "RUNTIME", "STARTED"]]
    for instance in all_instances(data_root(data_dir)):
        known, runs = instance.read(), instance.running()
        rows.append(
            [
                instance.name,
                "running" if runs else "stopped",
                known.url if known and runs else "-",
                known.runtime if known else "-",
                local_time(known.started_at, "seconds") if known else "-",
            ]
        )
    table(rows)


@click.command("env", short_help="Print export lines that point AWS clients at KECS.")
@instance_flags
def env_command(instance: str, data_dir: Path | None) -> None:
    """Print the export lines that point AWS clients at KECS: eval "$(kecs env)"."""
    running = running_or_fail(chosen_instance(instance, data_dir))
    variables = {
        "AWS_ENDPOINT_URL": running.url,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # KECS is at an address, before which nothing can stand
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_ACCESS_KEY_ID": running.account,  # KECS reads a 12-digit access key id as the account
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in variables.items():
        click.echo(f"export {name}={quote(value)}")


@click.command("version")
def version_command() -> None:
    """Print KECS's version."""
    click.echo(f"kecs {__version__}")


def table(rows: list[list[str]]) -> None:
    """Print rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
