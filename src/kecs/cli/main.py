"""The `kecs` command. Its subcommands are imported when they are called: `kecs start` has to be quick."""

from __future__ import annotations

import gc

gc.set_threshold(100_000)  # importing makes many things that all stay: there is nothing to look for

from importlib import import_module  # noqa: E402

import click  # noqa: E402

# In the order in which `kecs --help` shows them. Each stands in a module of its own or with those it resembles.
COMMANDS = {
    "start": "kecs.cli.start",
    "stop": "kecs.cli.stop",
    "destroy": "kecs.cli.stop",
    "status": "kecs.cli.show",
    "list": "kecs.cli.show",
    "env": "kecs.cli.show",
    "kubeconfig": "kecs.cli.clusters",
    "version": "kecs.cli.show",
    "logs": "kecs.cli.follow",
    "events": "kecs.cli.events",
    "reset": "kecs.cli.stop",
    "snapshot": "kecs.cli.snapshots",
    "restore": "kecs.cli.snapshots",
    "doctor": "kecs.cli.doctor",
    "demo": "kecs.cli.demo.command",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(module), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Amazon ECS on your own machine.

    Every flag can be given in the environment too: KECS_ and its name in capitals.
    """


def main() -> None:
    """The entry point of the `kecs` script and of `python -m kecs`."""
    cli(prog_name="kecs")
