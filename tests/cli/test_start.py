"""`kecs start`: the ready line, detaching, what stands in its way, and stopping again."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.cli.conftest import Shell

from kecs.cli.instances import Instance

READY = re.compile(r"KECS ready at (http://127\.0\.0\.1:\d+) \(runtime: simulated\)\n")


def url_of(line: str) -> str:
    ready = READY.fullmatch(line)
    assert ready, line
    return ready[1]


def health(url: str) -> dict[str, object]:
    with urlopen(f"{url}/_kecs/health") as answer:
        found: dict[str, object] = json.load(answer)
        return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_in_the_foreground_it_is_ready_in_one_line_and_stops_at_a_signal(shell: Shell, number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kecs", "start"],
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the tests themselves may run under nohup
    ) as server:
        assert server.stdout is not None
        assert health(url_of(server.stdout.readline()))["pid"] == server.pid
        server.send_signal(number)
        assert server.stdout.read() == ""
    assert server.returncode == 0
    assert list(shell.data.iterdir()) == []


def test_nohup_is_heeded(shell: Shell) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kecs", "start"],
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as server:
        assert server.stdout is not None
        url = url_of(server.stdout.readline())
        server.send_signal(signal.SIGHUP)
        assert health(url)["status"] == "ok"
        server.terminate()
    assert server.returncode == 0


def test_detached_it_goes_on_and_is_stopped_by_name(shell: Shell) -> None:
    url = url_of(shell.ok("start", "--detach", "--instance", "mine"))
    assert health(url)["instance"] == Instance(shell.data, "mine").label
    assert shell.ok("logs", "--instance", "mine") == f"KECS ready at {url} (runtime: simulated)\n"
    shell.ok("stop", "--instance", "mine")
    with pytest.raises(OSError, match="refused"):
        health(url)
    assert "not running" in shell.ok("stop", "--instance", "mine")


def test_what_was_said_on_the_command_line_reaches_the_detached_server(shell: Shell) -> None:
    shell.ok("start", "--detach", "--account", "111122223333", KECS_REGION="eu-west-1")
    exported = shell.ok("env")
    assert "export AWS_ACCESS_KEY_ID=111122223333\n" in exported
    assert "export AWS_REGION=eu-west-1\n" in exported


@pytest.mark.parametrize("options", [[], ["--detach"]])
def test_a_port_in_use_is_one_clear_line(shell: Shell, options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} on 127.0.0.1 is in use" in shell.refused("start", "--port", port, *options)


@pytest.mark.parametrize("options", [[], ["--detach"]])
def test_a_broken_data_folder_is_one_clear_line(shell: Shell, options: list[str]) -> None:
    (shell.data / "default").mkdir()
    (shell.data / "default" / "state.sqlite").write_text("this is no database, however long one makes the text" * 100)
    assert "data folder" in shell.refused("start", "--runtime", "simulated", *options, KECS_TEST_MODE="false")


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(shell: Shell) -> None:
    (shell.data / "file").touch()
    environment = {"KECS_TEST_MODE": "false", "KECS_DATA_DIR": str(shell.data / "file")}
    assert "cannot be used" in shell.refused("start", "--runtime", "simulated", **environment)


def test_an_ephemeral_server_does_without_a_registry(shell: Shell) -> None:
    (shell.data / "file").touch()
    with subprocess.Popen(
        [sys.executable, "-m", "kecs", "start"],
        env=shell.environment | {"KECS_DATA_DIR": str(shell.data / "file")},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert health(url_of(server.stdout.readline()))["status"] == "ok"
        server.terminate()
    assert server.returncode == 0


def test_a_named_instance_runs_once(shell: Shell) -> None:
    url = url_of(shell.ok("start", "--detach", "--instance", "mine"))
    assert f"instance mine already runs at {url}" in shell.refused("start", "--instance", "mine")


def test_ephemeral_servers_without_a_name_do_not_get_into_each_others_way(shell: Shell) -> None:
    shell.ok("start", "--detach")
    assert health(url_of(shell.ok("start", "--detach")))["instance"] == Instance(shell.data, "default-2").label
    assert [line.split()[0] for line in shell.ok("list").splitlines()] == ["INSTANCE", "default", "default-2"]


def test_a_server_that_keeps_state_is_still_listed_when_it_has_stopped(shell: Shell) -> None:
    shell.ok("start", "--detach", "--runtime", "simulated", KECS_TEST_MODE="false")
    assert (shell.data / "default" / "state.sqlite").exists()
    shell.ok("stop")
    assert shell.ok("list").splitlines()[1].split()[:4] == ["default", "stopped", "-", "simulated"]
    shell.ok("destroy")
    assert list(shell.data.iterdir()) == []


def test_a_killed_server_can_be_started_again(shell: Shell) -> None:
    pid = health(url_of(shell.ok("start", "--detach", "--instance", "mine")))["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    url_of(shell.ok("start", "--detach", "--instance", "mine"))


def test_odd_options_are_usage_errors(shell: Shell) -> None:
    for options in (
        ["--port", "99999"],
        ["--runtime", "vmware"],
        ["--instance", "../x"],
        ["--log-level", "loud"],
        ["--account", "abc"],
        ["--lambda-endpoint", "ftp://example"],
        ["--companion", "ftp://example"],
        ["--companion", "s3="],
        ["--region", "us east"],
    ):
        assert shell.kecs("start", *options).returncode == 2


@pytest.mark.parametrize("options", [[], ["--detach"]])
@pytest.mark.parametrize("engine", ["tcp://127.0.0.1:1", "unix:///nowhere/docker.sock", "nonsense"])
def test_a_runtime_that_does_not_answer_is_one_clear_line(shell: Shell, engine: str, options: list[str]) -> None:
    environment = {"KECS_TEST_MODE": "false", "DOCKER_HOST": engine}
    assert "no Docker Engine" in shell.refused("start", "--runtime", "docker", *options, **environment)


def test_auto_without_docker_is_simulated_and_says_so(shell: Shell) -> None:
    environment = {"KECS_TEST_MODE": "false", "DOCKER_HOST": "tcp://127.0.0.1:1"}
    url_of(shell.ok("start", "--detach", "--ephemeral", **environment))


def test_a_server_on_all_addresses_is_found_on_this_machines(shell: Shell) -> None:
    assert "KECS ready at http://0.0.0.0:" in shell.ok("start", "--detach", "--host", "0.0.0.0")
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in shell.ok("env")


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, "info"),
        ({"DEBUG": "true"}, "debug"),
        ({"DEBUG": "false"}, "info"),
        ({"LOG_LEVEL": "WARNING", "DEBUG": "true"}, "warning"),
        ({"LOG_LEVEL": "WARN"}, "warning"),
        ({"LOG_LEVEL": "critical"}, "error"),
        ({"KECS_LOG_LEVEL": "error", "LOG_LEVEL": "trace"}, "error"),
    ],
)
def test_the_log_level_comes_from_the_environment(
    environment: dict[str, str], level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kecs.cli.start import start_command

    for name in ("KECS_LOG_LEVEL", "LOG_LEVEL", "DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert start_command.make_context("start", []).params["log_level"] == level


@pytest.mark.parametrize("options", [["--companion", "none", "--companion", "ssm=http://127.0.0.1:1"], []])
def test_companions_are_given_one_by_one_or_with_commas(shell: Shell, options: list[str]) -> None:
    variable = {} if options else {"KECS_COMPANION": "none,ssm=http://127.0.0.1:1"}
    url = url_of(shell.ok("start", "--detach", *options, **variable))
    for service, status in (("ssm", 503), ("kms", 400)):
        signature = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, Signature=0"
        with pytest.raises(HTTPError, match=str(status)):
            urlopen(Request(url, b"{}", {"Authorization": signature, "X-Amz-Target": "Some.Operation"}))


def test_starting_imports_no_other_command(shell: Shell) -> None:
    """How long `kecs start` takes is a promise; what it does not import cannot slow it down."""
    code = (
        "import sys; from kecs.cli.main import cli; cli(['start', '--help'], standalone_mode=False); "
        "print(sorted(name for name in sys.modules if name.startswith('kecs.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == str(
        ["kecs.cli", "kecs.cli.flags", "kecs.cli.instances", "kecs.cli.main", "kecs.cli.start"]
    )


def test_every_flag_has_its_variable() -> None:
    import click

    from kecs.cli.main import COMMANDS, cli

    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert isinstance(option.envvar, list)
                long = max(option.opts, key=len)
                assert option.envvar[0] == "KECS_" + long.removeprefix("--").replace("-", "_").upper()


def test_the_module_and_the_script_are_the_same_command() -> None:
    script = Path(sys.executable).parent / "kecs"
    if not script.exists():
        pytest.skip("KECS is not installed here as a script")
    versions = [
        subprocess.check_output([*command, "version"]) for command in ([script], [sys.executable, "-m", "kecs"])
    ]
    assert versions[0] == versions[1]
