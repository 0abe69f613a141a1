"""The configuration of a log router, as ECS writes it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.runtimes.plans import make_plan

from kecs.core.logs.firelens import configuration, router_of

OUTPUT = {
    "Name": "http",
    "Host": "logs.test",
    "exclude-pattern": "^debug",
    "log-driver-buffer-limit": "1024",
}


def written(kind: str, options: dict[str, Any], output: dict[str, str], mode: str = "awsvpc") -> str:
    """The configuration, with the task's own names shortened."""
    plan = make_plan(
        {"name": "router", "firelensConfiguration": {"type": kind, "options": options}},
        {"name": "app", "logConfiguration": {"logDriver": "awsfirelens", "options": output}},
        {"name": "quiet"},
        mode=mode,
    )
    router = router_of(plan.containers)
    assert router is not None
    family = f"{plan.definition.family}:{plan.definition.revision}"
    return configuration(plan, router).replace(plan.arn, "ARN").replace(family, "FAMILY:1")


def test_fluent_bit() -> None:
    assert (
        written("fluentbit", {"config-file-type": "file", "config-file-value": "/extra.conf"}, OUTPUT)
        == """\
[INPUT]
    Name tcp
    Listen 127.0.0.1
    Port 8877
    Tag firelens-healthcheck

[INPUT]
    Name forward
    unix_path /var/run/fluent.sock

[INPUT]
    Name forward
    Listen 127.0.0.1
    Port 24224

[FILTER]
    Name grep
    Match app-firelens*
    Exclude log ^debug

[FILTER]
    Name record_modifier
    Match *
    Record ecs_cluster tests
    Record ecs_task_arn ARN
    Record ecs_task_definition FAMILY:1

@INCLUDE /extra.conf

[OUTPUT]
    Name null
    Match firelens-healthcheck

[OUTPUT]
    Name http
    Match app-firelens*
    Host logs.test

"""
    )


def test_fluentd() -> None:
    output = {"@type": "stdout", "include-pattern": "^a"}
    assert (
        written("fluentd", {}, output, mode="bridge")
        == """\
<source>
  @type unix
  path /var/run/fluent.sock
</source>

<source>
  @type forward
  bind 0.0.0.0
  port 24224
</source>

<filter app-firelens**>
  @type grep
  <regexp>
    key log
    pattern ^a
  </regexp>
</filter>

<filter **>
  @type record_transformer
  <record>
    ecs_cluster tests
    ecs_task_arn ARN
    ecs_task_definition FAMILY:1
  </record>
</filter>

<match app-firelens**>
  @type stdout
</match>

"""
    )


@pytest.mark.parametrize("kind", ["fluentbit", "fluentd"])
def test_what_nobody_asked_for_is_not_there(kind: str) -> None:
    text = written(kind, {"enable-ecs-log-metadata": "false"}, {}, mode="host")
    assert "ecs_cluster" not in text
    assert "24224" not in text
    assert "app-firelens" not in text
