"""`kecs start`: the server in the foreground, or in a process of its own."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kecs.cli.flags import cluster_flags, environment_variable, flag, instance_flags, matching
from kecs.cli.instances import AlreadyRunning, Instance, Running, data_root

if TYPE_CHECKING:
    from kecs.app.options import ServerOptions
    from kecs.cli.detach import WaitingParent

_LEVELS = ["trace", "debug", "info", "warning", "error"]
_OTHER_NAMES = {"warn": "warning", "critical": "error", "fatal": "error"}
_MANY = 1000  # ephemeral instances without a name of their own


class _Level(click.Choice[str]):
    """LOG_LEVEL is often set for other programs too, which have further names for the levels."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(_OTHER_NAMES.get(str(value).lower(), value), param, ctx)


class _Companion(click.ParamType[str]):
    """What companions.choice reads."""

    name = "companion"
    envvar_list_splitter = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from kecs.companions.choice import PATTERN, WANTED

        if not PATTERN.fullmatch(value):
            self.fail(WANTED, param, ctx)
        return str(value)


class _Pairs(click.ParamType[str]):
    """Texts with equals signs in them, such as KIND=CLASS."""

    envvar_list_splitter = ","

    def __init__(self, name: str, pattern: str) -> None:
        self.name = name
        self._pattern = re.compile(pattern)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._pattern.fullmatch(value):
            self.fail(f"{value!r} is not {self.name}.", param, ctx)
        return str(value)


def _default_level() -> str:
    return "debug" if os.environ.get("DEBUG", "").lower() in ("1", "true", "yes", "on") else "info"


@click.command("start")
@flag(
    "--runtime",
    type=click.Choice(["auto", "simulated", "docker", "kubernetes"]),
    default="auto",
    help="What runs containers. auto: Docker if its daemon answers, else simulated.",
)
@flag("--test-mode", is_flag=True, help="Simulated runtime, nothing kept on disk, task steps in milliseconds.")
@flag("--host", default="127.0.0.1", help="The address to listen on.")
@flag("--port", type=click.IntRange(0, 65535), default=5373, help="The port to listen on; 0 is any free one.")
@flag("--ephemeral", is_flag=True, help="Keep nothing on disk; containers are removed when KECS stops.")
@flag(
    "--account",
    default="000000000000",
    callback=matching(r"[0-9]{12}", "12 digits."),
    help="The account of callers whose access key id is not an account id.",
)
@flag(
    "--region",
    default="us-east-1",
    callback=matching(r"[a-z0-9][a-z0-9-]{0,62}", "a name such as eu-west-1."),
    help="The region of requests without a signature.",
)
@flag("--no-local-instance", is_flag=True, help="No built-in container instance for the EC2 launch type.")
@flag(
    "--node-patience",
    type=click.FloatRange(min=0),
    default=60.0,
    metavar="SECONDS",
    help="For how long a node of Kubernetes may be away before its tasks are replaced.",
)
@cluster_flags
@flag("--k3d", is_flag=True, help="Run tasks on a Kubernetes cluster of k3d's, which is made if it is not there.")
@flag(
    "--pods-reach",
    metavar="HOST",
    callback=matching(r"[0-9A-Za-z.:-]+", "a name or an address such as 192.168.1.10."),
    help="Where pods reach KECS, which listens there.  [default: this machine as nodes see it]",
)
@flag(
    "--placement-patience",
    type=click.FloatRange(min=0),
    default=300.0,
    metavar="SECONDS",
    help="How long a task waits for a node that can take its pod.",
)
@flag(
    "--storage-class",
    type=_Pairs("KIND=CLASS", r"[^\s=,]+=[a-z0-9]([a-z0-9.-]*[a-z0-9])?"),
    multiple=True,
    metavar="KIND=CLASS",
    help="The storage class of claims for ebs, efs, fsx, s3files, shared Docker volumes or a Docker volume driver.",
)
@flag(
    "--shared-access",
    type=click.Choice(["ReadWriteMany", "ReadWriteOnce"]),
    help="The access mode of claims that tasks share.  [default: ReadWriteMany; with --k3d ReadWriteOnce]",
)
@flag(
    "--node-pool",
    type=_Pairs("PROVIDER=LABEL=VALUE", r"[\w-]+=([a-z0-9.-]+/)?[\w.-]+=[\w.-]*"),
    multiple=True,
    metavar="PROVIDER=LABEL=VALUE",
    help="The nodes that tasks of a capacity provider have to be on, such as FARGATE_SPOT, by their label.",
)
@flag(
    "--pull",
    type=click.Choice(["missing", "always", "never"]),
    default="missing",
    help="When to ask a registry for an image.",
)
@flag(
    "--log-level",
    type=_Level(_LEVELS, case_sensitive=False),
    envvar=("LOG_LEVEL",),
    default=_default_level,
    show_default=False,
    help="What is logged, on standard error.  [default: info]",
)
@flag(
    "--lambda-endpoint",
    metavar="URL",
    callback=matching(r"https?://[^\s/]\S*", "a URL such as http://127.0.0.1:4566."),
    help="What runs Lambda functions: the lifecycle hooks of deployments.",
)
@flag(
    "--companion",
    type=_Companion(),
    multiple=True,
    metavar="URL",
    help="Who answers for AWS's other services: moto (the default), none, or a URL; SERVICE=URL for one of them.",
)
@flag(
    "--ecr-registry",
    metavar="HOST:PORT",
    callback=matching(r"[^\s/]+", "a registry's address such as 127.0.0.1:5000."),
    help="A registry that stands in for Amazon ECR.",
)
@flag(
    "--seed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to begin with: clusters, services and the like as YAML, or a snapshot.",
)
@flag("--detach", is_flag=True, help="Return as soon as KECS is ready, and let it run on.")
@instance_flags
@click.option("--ready-fd", type=int, hidden=True, help="Where to tell a detaching parent how the start went.")
@click.pass_context
def start_command(ctx: click.Context, /, detach: bool, ready_fd: int | None, **options: Any) -> None:
    """Start KECS."""
    given = {name for name in options if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}
    if ready_fd is not None:
        from kecs.cli.detach import WaitingParent

        _run(options, WaitingParent(ready_fd), named="instance" in given)
    elif detach:
        from kecs.cli.detach import start_detached

        environment = {environment_variable(name): _text(options[name]) for name in given}
        click.echo(start_detached(environment))
    else:
        _run(options, None, named="instance" in given)


def _run(options: dict[str, Any], parent: WaitingParent | None, *, named: bool) -> None:
    """Serve until a signal comes."""
    from kecs.app.server import StartupError, reachable, serve

    ephemeral = options["ephemeral"] or options["test_mode"]
    if options["k3d"]:
        _on_k3d(options)
    instance, registered = _claimed(data_root(options["data_dir"]), options["instance"], named, ephemeral)
    if parent and registered:
        parent.redirect_output(instance.log)

    def ready(url: str, runtime: str) -> None:
        if registered:
            about = (os.getpid(), reachable(url), runtime, time.time(), options["account"], options["region"])
            instance.write(Running(*about, ephemeral, *_cluster(options, runtime)))
        line = f"KECS ready at {url} (runtime: {runtime})"
        click.echo(line)
        if parent:
            parent.ready(line)

    server = _server_options(options, instance, ephemeral)
    try:
        serve(server, ready)
    except StartupError as error:
        if parent:
            parent.restore_output()
        raise click.ClickException(str(error)) from error
    finally:
        if registered and ephemeral:
            instance.forget()


def _on_k3d(options: dict[str, Any]) -> None:
    """Have the options name the cluster that k3d has."""
    from kecs.cli.k3d import CONTEXT, k3d_kubeconfig

    if options["test_mode"] or options["runtime"] not in ("auto", "kubernetes"):
        raise click.UsageError("--k3d is for --runtime kubernetes.")
    if options["kubeconfig"] or options["context"]:
        raise click.UsageError("--k3d has a cluster of its own: no --kubeconfig or --context beside it.")
    kubeconfig = k3d_kubeconfig(data_root(options["data_dir"]))
    access = options["shared_access"] or "ReadWriteOnce"  # what k3d's own storage class can do
    options.update(runtime="kubernetes", kubeconfig=kubeconfig, context=CONTEXT, shared_access=access)


def _cluster(options: dict[str, Any], runtime: str) -> tuple[str | None, str | None]:
    """The kubeconfig and context by which other commands find the cluster that tasks run on."""
    if runtime != "kubernetes":
        return None, None
    from kecs.runtimes.kubernetes.api.client import configured

    found = configured(options["kubeconfig"], options["context"])
    return (str(Path(found.fname).absolute()), found.context_name) if found.fname else (None, None)


_OTHERWISE = {"data_dir", "ephemeral", "instance", "k3d", "no_local_instance", "shared_access"}
"""What a server is not told, or in other words."""


def _server_options(options: dict[str, Any], instance: Instance, ephemeral: bool) -> ServerOptions:
    from kecs.app.options import ServerOptions

    return ServerOptions(
        **{name: value for name, value in options.items() if name not in _OTHERWISE},
        data_dir=None if ephemeral else instance.directory,
        local_instance=not options["no_local_instance"],
        shared_access=options["shared_access"] or "ReadWriteMany",
        instance=instance.label,
    )


def _claimed(root: Path, name: str, named: bool, ephemeral: bool) -> tuple[Instance, bool]:
    """The instance, and whether the registry knows it. An ephemeral one that nobody named takes a name that is free."""
    names = [name] if named or not ephemeral else [name, *(f"{name}-{number}" for number in range(2, _MANY))]
    for candidate in names:
        instance = Instance(root, candidate)
        try:
            instance.claim()
        except AlreadyRunning:
            continue
        except OSError as error:
            if not ephemeral:
                raise click.ClickException(f"The data folder {instance.directory} cannot be used: {error}") from error
            return instance, False  # nothing is kept anyway; other commands will not find this KECS
        return instance, True
    other = Instance(root, name).read()
    raise click.ClickException(
        f"KECS instance {name} already runs{f' at {other.url}' if other else ''}. "
        "Stop it with: kecs stop; or choose another --instance."
    )


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
