"""What `kecs start` is told of pods, their claims and their nodes."""

from __future__ import annotations

from typing import Any

import click
import pytest

from kecs.cli.start import start_command
from kecs.runtimes.kubernetes.manifests.settings import pools, storage_classes


def told(*arguments: str) -> dict[str, Any]:
    return start_command.make_context("start", list(arguments)).params


def test_storage_classes_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = {"efs": "shared-files", "rexray/ebs": "disks"}
    written = [f"{kind}={name}" for kind, name in classes.items()]
    arguments = [argument for text in written for argument in ("--storage-class", text)]
    assert storage_classes(told(*arguments)["storage_class"]) == classes
    monkeypatch.setenv("KECS_STORAGE_CLASS", ",".join(written))
    assert storage_classes(told()["storage_class"]) == classes


def test_nodes_of_a_capacity_provider_have_all_of_its_labels() -> None:
    spot = ("--node-pool", "FARGATE_SPOT=karpenter.sh/capacity-type=spot", "--node-pool", "FARGATE_SPOT=team=a")
    assert pools(told(*spot, "--node-pool", "mine=empty=")["node_pool"]) == {
        "FARGATE_SPOT": {"karpenter.sh/capacity-type": "spot", "team": "a"},
        "mine": {"empty": ""},
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--storage-class", "efs"),
        ("--storage-class", "efs="),
        ("--storage-class", "=class"),
        ("--storage-class", "efs=Not_A_Class"),
        ("--node-pool", "FARGATE_SPOT"),
        ("--node-pool", "FARGATE_SPOT=label"),
        ("--node-pool", "FARGATE_SPOT=label=a b"),
        ("--shared-access", "ReadOnlyMany"),
    ],
)
def test_anything_else_is_no_such_thing(option: str, value: str) -> None:
    with pytest.raises(click.BadParameter, match="is not"):
        told(option, value)
