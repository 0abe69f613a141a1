"""What each field of a container definition does to its container in the pod, and that it does nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.runtimes.kubernetes.translated import Case, changes, one, parts, plan

from kecs.aws.model import ecs as m
from kecs.core.inside.names import KEY_BYTES, Names
from kecs.core.tasks.environment import Way
from kecs.runtimes.kubernetes.manifests import containers
from kecs.runtimes.kubernetes.manifests.images import HELD, image_of
from kecs.runtimes.kubernetes.manifests.literals import literal
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.probes import deadline
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:3"
AWS = [
    {"name": "AWS_EXECUTION_ENV", "value": "AWS_ECS_EC2"},
    {"name": "AWS_REGION", "value": "us-east-1"},
    {"name": "AWS_DEFAULT_REGION", "value": "us-east-1"},
]
CHECK = {"periodSeconds": 30, "timeoutSeconds": 5, "failureThreshold": 3, "successThreshold": 1}


def checked(*command: str, **times: int) -> dict[str, Any]:
    return {"readinessProbe": {"exec": {"command": [*command]}, **CHECK, **times}}


def env(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"env": [*AWS, *({"name": name, "value": value} for name, value in pairs)]}


CASES = [
    one("nothing but an image", {}, {}),
    one("an image with a tag", {"image": "repo/app:1"}, {"image": "repo/app:1"}),
    one("an image by its digest", {"image": "app@sha256:" + "a" * 64}, {"image": "app@sha256:" + "a" * 64}),
    one("an image of ECR", {"image": ECR}, {"image": ECR}),
    one(
        "an image of ECR where something stands in for that",
        {"image": ECR},
        {"image": "localhost:5000/shop/api:3"},
        settings=PodSettings(instance="test", ecr_registry="localhost:5000"),
    ),
    one(
        "images pulled always", {}, {"imagePullPolicy": "Always"}, settings=PodSettings(instance="test", pull="always")
    ),
    one("images never pulled", {}, {"imagePullPolicy": "Never"}, settings=PodSettings(instance="test", pull="never")),
    one("entry point", {"entryPoint": ["/entry", "-x"]}, {"command": ["/entry", "-x"]}),
    one("command", {"command": ["run", "it"]}, {"args": ["run", "it"]}),
    one(
        "both, empty ones being the image's",
        {"entryPoint": [], "command": ["run"]},
        {"args": ["run"]},
    ),
    one(
        "dollars that Kubernetes would take for its own",
        {"entryPoint": ["sh", "-c"], "command": ["echo $(date) $HOME $$"]},
        {"command": ["sh", "-c"], "args": ["echo $$(date) $HOME $$$"]},
    ),
    one(
        "command by an override",
        {"command": ["a"]},
        {"args": ["b"]},
        task={"overrides": {"containerOverrides": [{"name": "app", "command": ["b"]}]}},
    ),
    one("working directory", {"workingDirectory": "/srv"}, {"workingDir": "/srv"}),
    one(
        "environment",
        {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}, {"name": "C"}]},
        env(("A", "1"), ("B", "$$(A)"), ("C", "")),
    ),
    one(
        "environment by an override",
        {"environment": [{"name": "A", "value": "1"}]},
        env(("A", "2"), ("B", "3")),
        task={
            "overrides": {
                "containerOverrides": [
                    {"name": "app", "environment": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}
                ]
            }
        },
    ),
    one(
        "a secret",
        {
            "environment": [{"name": "A", "value": "1"}, {"name": "KEY", "value": "s3cret"}],
            "secrets": [{"name": "KEY", "valueFrom": "key"}],
        },
        {
            "env": [
                *AWS,
                {"name": "A", "value": "1"},
                {
                    "name": "KEY",
                    "valueFrom": {"secretKeyRef": {"name": "web-0123456789abcdef0123456789abcdef", "key": "app.KEY"}},
                },
            ]
        },
    ),
    Case(
        "health check by a shell",
        [{"healthCheck": {"command": ["CMD-SHELL", "curl $(host)"], "startPeriod": 20}}],
        {
            "app": checked("/bin/sh", "-c", "curl $$(host)"),
            "annotations": {"kecs.dev/healthy-within": '{"app": 110}'},
        },
    ),
    Case(
        "health check as it is, with its times",
        [{"healthCheck": {"command": ["CMD", "check", "-q"], "interval": 10, "timeout": 2, "retries": 5}}],
        {
            "app": checked("check", "-q", periodSeconds=10, timeoutSeconds=2, failureThreshold=5),
            "annotations": {"kecs.dev/healthy-within": '{"app": 50}'},
        },
    ),
    one("no health check", {"healthCheck": {"command": ["NONE"]}}, {}),
    one("interactive", {"interactive": True}, {"stdin": True}),
    one("a terminal", {"pseudoTerminal": True}, {"tty": True}),
    one("an essential container's neighbours", {"essential": True, "startTimeout": 60}, {}),
    one("limits that Kubernetes has none of", {"ulimits": [{"name": "nofile", "softLimit": 9, "hardLimit": 9}]}, {}),
    one("swap", {"linuxParameters": {"maxSwap": 256, "swappiness": 10}}, {}),
    Case(
        "output for CloudWatch Logs",
        [{"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}}],
        {"annotations": {"kecs.dev/logs": '{"app": {"account": "000000000000", "region": "us-east-1", "group": "g"}}'}},
    ),
    one("output that stays", {"logConfiguration": {"logDriver": "syslog", "options": {"tag": "x"}}}, {}),
    one("a container that is not restarted", {"restartPolicy": {"enabled": False}}, {}),
    Case(
        "a second container, whose turn has not come",
        [
            {},
            {
                "name": "Side_Car",
                "image": "side",
                "essential": False,
                "dependsOn": [{"containerName": "app", "condition": "HEALTHY"}],
            },
        ],
        {
            "side-car-a5748544": {
                "image": HELD,
                "imagePullPolicy": "IfNotPresent",
                "env": AWS,
                "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}},
            }
        },
    ),
    Case(
        "a router of output, and a container that it routes for",
        [
            {"logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "stdout"}}},
            {"name": "router", "firelensConfiguration": {"type": "fluentbit"}},
        ],
        {
            "app": {
                "env": [{"name": "FLUENT_HOST", "value": "127.0.0.1"}, {"name": "FLUENT_PORT", "value": "24224"}, *AWS]
            },
            "router": {
                "image": HELD,
                "imagePullPolicy": "IfNotPresent",
                "env": AWS,
                "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}},
                "volumeMounts": [
                    {
                        "name": "router-firelens-conf-f17187a8",
                        "mountPath": "/fluent-bit/etc/fluent-bit.conf",
                        "readOnly": True,
                        "subPath": "firelens.conf",
                    }
                ],
            },
            "volumes": {
                "router-firelens-conf-f17187a8": {
                    "secret": {
                        "secretName": "web-0123456789abcdef0123456789abcdef",
                        "items": [{"key": "firelens.conf", "path": "firelens.conf"}],
                    }
                }
            },
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_field_changes_what_it_says_and_nothing_else(case: Case) -> None:
    expected = {name: change for name, change in case.changes.items() if change}
    assert changes(case) == expected


def test_every_field_of_a_container_definition_is_accounted_for() -> None:
    rows = {name for row in containers.ROWS for name in row.fields}
    lists = (rows, set(containers.OF_THE_POD), set(containers.DECIDED_BY_CORE), set(containers.NOT_ACTED_ON))
    linux = {f"linux_parameters.{f.name}" for f in msgspec.structs.fields(m.LinuxParameters)}
    fields = {f.name for f in msgspec.structs.fields(m.ContainerDefinition)} - {"linux_parameters"} | linux
    assert sorted(name for names in lists for name in names) == sorted(fields)


def test_a_container_that_may_restart_has_spare_slots_that_request_nothing() -> None:
    restarted = {
        "restartPolicy": {"enabled": True},
        "cpu": 512,
        "command": ["run"],
        "portMappings": [{"containerPort": 80, "hostPort": 8080}],
        "healthCheck": {"command": ["CMD", "check"]},
    }
    made = parts(pod_of(plan(restarted), started=["app"], settings=PodSettings()))
    slots = [name for name in made if name.startswith("app")]
    assert slots == ["app", *(f"app--{number}" for number in range(1, 9))]
    first, *others = (made[slot] for slot in slots)
    assert [first["image"], *{slot["image"] for slot in others}] == ["nginx:latest", HELD]
    assert first["resources"] == {"requests": {"cpu": "500m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
    for slot in others:
        assert slot["resources"] == {"requests": {"cpu": "0", "memory": "0"}, "limits": {"memory": "64Mi"}}
        assert "ports" not in slot, "a node's port is taken once"
        same = ("args", "env", "readinessProbe")
        assert [slot[key] for key in same] == [first[key] for key in same]


def test_one_with_gpus_has_none_as_each_would_take_as_many() -> None:
    gpu = {"restartPolicy": {"enabled": True}, "resourceRequirements": [{"type": "GPU", "value": "1"}]}
    made = pod_of(plan(gpu), started=["app"], settings=PodSettings())
    assert [container["name"] for container in made["spec"]["containers"]] == ["app"]


def test_all_that_start_together_have_their_images() -> None:
    two = plan({}, {"name": "side", "image": "side:2"})
    made = pod_of(two, started=["app", "side"], settings=PodSettings())
    assert [container["image"] for container in made["spec"]["containers"]] == ["nginx:latest", "side:2"]
    assert image_of(two, "side", PodSettings()) == "side:2"


def test_a_container_is_told_the_way_to_kecs() -> None:
    way = Way("http://10.0.0.1:5373", Names(bytes(KEY_BYTES)), None)
    made = pod_of(plan({}), started=["app"], settings=PodSettings(), way=way)
    told = {variable["name"]: variable["value"] for variable in made["spec"]["containers"][0]["env"]}
    assert told["AWS_ENDPOINT_URL"] == way.url
    assert told["ECS_CONTAINER_METADATA_URI_V4"].startswith(f"{way.url}/v4/")


@pytest.mark.parametrize("task", [{"mode": "none"}, {"disabled": True}])
def test_but_not_one_without_a_network(task: dict[str, Any]) -> None:
    alone = {"disableNetworking": True} if task.pop("disabled", False) else {}
    made = pod_of(plan(alone, **task), started=["app"], settings=PodSettings(), way=Way("http://10.0.0.1:5373"))
    assert made["spec"]["containers"][0]["env"] == AWS
    assert made["metadata"]["labels"]["kecs.dev/network-mode"] == "none"


@pytest.mark.parametrize("text", ["$(A)", "$$(A)", "$$$(A)", "$A $", "a$$", "$$$", "$($(A))", "plain", ""])
def test_kubernetes_makes_of_a_literal_what_was_meant(text: str) -> None:
    assert expanded(literal(text)) == text


def expanded(text: str) -> str:
    """As Kubernetes replaces references to variables of which there are none."""
    out, position = "", 0
    while position < len(text):
        if text[position] == "$" and position + 1 < len(text):
            following = text[position + 1]
            closes = text.find(")", position)
            if following == "(" and closes >= 0:
                out, position = out + "REPLACED", closes + 1
                continue
            out += "$" if following == "$" else f"${following}"
            position += 2
        else:
            out, position = out + text[position], position + 1
    return out


def test_what_never_becomes_healthy_is_unhealthy_in_the_end() -> None:
    assert deadline(m.HealthCheck(command=["CMD", "x"])) == 90
    assert deadline(m.HealthCheck(command=["CMD", "x"], interval=5, retries=2, start_period=60)) == 70
