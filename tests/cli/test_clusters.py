"""`kecs kubeconfig`, and what `kecs doctor` says of Kubernetes, against an API server that only tells who may what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Shell
from tests.support.api_server import ApiServer, api_server

from kecs.cli.instances import Instance


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as server:
        yield server


@pytest.fixture
def kubeconfig(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(server.kubeconfig(tmp_path_factory.mktemp("kube") / "config"))


def found(shell: Shell, subject: str, *arguments: str, **environment: str) -> list[tuple[str, str]]:
    """What the doctor says of a subject: each verdict and text, advice included."""
    said = shell.kecs("doctor", "--port", "0", *arguments, **environment).stdout
    return [
        (verdict, " ".join(text.split()))
        for verdict, text in re.findall(rf"^(\w+) +{subject}: (.*(?:\n {{9}}.*)*)", said, re.MULTILINE)
    ]


def test_doctor_knows_the_cluster_and_the_account(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    text = f"v1.31.0 at {server.url} (context here of {kubeconfig}), as alice"
    assert found(shell, "Kubernetes", "--kubeconfig", kubeconfig) == [("ok", text)]
    (rights,) = found(shell, "Rights", KUBECONFIG=kubeconfig)
    assert re.fullmatch(r"all \d+ that KECS needs", rights[1])


def test_a_server_that_does_not_tell_the_account(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    server.account = None
    text = f"v1.31.0 at {server.url} (context here of {kubeconfig})"
    assert found(shell, "Kubernetes", "--kubeconfig", kubeconfig) == [("ok", text)]


def test_doctor_names_each_right_that_is_missing(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    server.refused = {"create pods/exec", "get pods/exec", "watch nodes", "get nodes/proxy"}
    exec_ = "may not get, create pods/exec: sessions of ECS Exec Grant it as in deploy/kustomize/rbac.yaml."
    rights = dict(reversed(each) for each in found(shell, "Rights", "--kubeconfig", kubeconfig))
    assert rights.pop(exec_) == "problem"
    assert set(rights.values()) == {"note"}
    (nodes, proxy) = rights
    assert nodes.startswith("may not watch nodes: ")
    assert "Without it" in proxy
    assert shell.kecs("doctor", "--port", "0", "--kubeconfig", kubeconfig).returncode == 1
    shell.ok("doctor", "--port", "0", KUBECONFIG=kubeconfig)  # nobody wants tasks there


def test_without_a_cluster_all_is_well_unless_one_is_wanted(shell: Shell) -> None:
    nowhere = {"KUBECONFIG": str(shell.data / "none")}
    assert [verdict for verdict, _ in found(shell, "Kubernetes", **nowhere)] == ["ok"]
    assert [verdict for verdict, _ in found(shell, "Kubernetes", KECS_RUNTIME="kubernetes", **nowhere)] == ["problem"]
    assert [verdict for verdict, _ in found(shell, "Kubernetes", "--context", "x", **nowhere)] == ["problem"]
    assert "no Kubernetes cluster is known" in shell.refused("kubeconfig", **nowhere)


def test_a_cluster_that_does_not_answer(shell: Shell, kubeconfig: str, server: ApiServer) -> None:
    config = Path(kubeconfig)
    config.write_text(config.read_text().replace(server.url, "http://127.0.0.1:1"))
    ((verdict, text),) = found(shell, "Kubernetes", KUBECONFIG=kubeconfig)
    assert (verdict, text.partition(": ")[0]) == ("note", "http://127.0.0.1:1 does not answer")
    assert "http://127.0.0.1:1 does not answer" in shell.refused("kubeconfig", KUBECONFIG=kubeconfig)


def test_a_cluster_that_refuses(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    server.status = 401
    assert "refuses to say how KECS stands with it: 401 Unauthorized" in shell.refused(
        "kubeconfig", "--kubeconfig", kubeconfig
    )


def rows(text: str) -> dict[str, str]:
    return dict(re.split(r"\s{2,}", line, maxsplit=1) for line in text.splitlines())


def test_kubeconfig_shows_where_tasks_run(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    assert rows(shell.ok("kubeconfig", KUBECONFIG=kubeconfig)) == {
        "server": server.url,
        "version": "v1.31.0",
        "from": f"context here of {kubeconfig}",
        "account": "alice",
    }
    assert list(shell.data.iterdir()) == []


def test_kubeconfig_shows_what_an_instance_has_there(shell: Shell, server: ApiServer, kubeconfig: str) -> None:
    known = Instance(shell.data, "mine")
    known.directory.mkdir()
    server.collections["/api/v1/namespaces"] = [{"metadata": {"name": f"kecs-{known.label}-{it}"}} for it in "ba"]
    shown = rows(shell.ok("kubeconfig", "--instance", "mine", "--kubeconfig", kubeconfig))
    assert shown["instance"] == known.label
    assert shown["namespaces"] == f"kecs-{known.label}-a, kecs-{known.label}-b"
    assert shown["pods"] == (
        f"kubectl --kubeconfig {kubeconfig} --context here get pods --all-namespaces "
        f"--selector kecs.dev/instance={known.label}"
    )
    assert "not yet" in shown["reached at"]


def test_a_context_of_that_name(shell: Shell, kubeconfig: str) -> None:
    assert "'nope'" in shell.refused("kubeconfig", "--context", "nope", KUBECONFIG=kubeconfig)
