"""Terraform, which notices whatever does not come back as it was sent: apply, an empty plan, update, destroy.

The provider waits ten seconds for some resources whatever the answer, so everything is one configuration and is
applied twice. It is taken from a folder of this machine, never from a registry.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Server, running

PLUGINS = os.environ.get("KECS_TERRAFORM_PLUGINS", "")  # a folder with the provider, as terraform init takes it
CONFIGURATION = Path(__file__).with_name("terraform")
LONGEST = 240  # seconds that one command may take; a service that never becomes steady would hold it up for ever

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.skipif(
        not Path(PLUGINS or "?").is_dir(), reason="KECS_TERRAFORM_PLUGINS is no folder with the provider"
    ),
]


class Terraform:
    """The program, in a folder of its own, against one server."""

    def __init__(self, folder: Path, server: Server) -> None:
        shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
        config = folder / "terraform.rc"
        config.write_text("disable_checkpoint = true\n")
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_endpoint": server.url,
        }

    def __call__(self, *arguments: str) -> str:
        """What it prints."""
        with subprocess.Popen(
            ["terraform", *arguments, "-no-color"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as program:
            late = threading.Timer(LONGEST, os.killpg, (program.pid, signal.SIGKILL))  # its provider too
            late.start()
            try:
                printed = program.communicate()[0]
            finally:
                late.cancel()
        assert program.returncode == 0, f"{' '.join(arguments)} ({program.returncode}): {printed[-12000:]}"
        return printed

    def plan_nothing(self, *variables: str) -> None:
        """Fails, and says what it would change, when what it reads back is not what was configured."""
        self("plan", "-detailed-exitcode", "-input=false", *variables)

    def apply(self, *variables: str) -> str:
        return self("apply", "-auto-approve", "-input=false", *variables)


@pytest.fixture
def server() -> Iterator[Server]:
    with running("--test-mode", "--port", "0", "--instance", f"terraform-{os.getpid()}") as server:
        yield server


def test_apply_update_destroy_without_drift(server: Server, tmp_path: Path) -> None:
    terraform = Terraform(tmp_path, server)
    terraform("init", f"-plugin-dir={PLUGINS}", "-input=false")
    server.client("ssm").put_parameter(Name="key", Value="its value", Type="String")  # a secret of the tasks
    terraform.apply()
    terraform.plan_nothing()
    update = ["-var=image=app:2", "-var=tasks=3"]
    assert "aws_ecs_service.web: Modifications complete" in terraform.apply(*update)
    terraform.plan_nothing(*update)
    ecs = server.client()
    (service,) = ecs.describe_services(cluster="terraform", services=["web"])["services"]
    assert (service["runningCount"], service["taskDefinition"].rsplit(":", 1)[1]) == (3, "2")
    scaling = server.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["ResourceId"], target["MaxCapacity"]) == ("service/terraform/web", 5)
    schedule = server.client("scheduler").get_schedule(Name="rate")
    assert schedule["ScheduleExpression"] == "rate(3 hours)"
    assert schedule["Target"]["EcsParameters"]["TaskDefinitionArn"].endswith("scheduled:2")
    groups = server.client("codedeploy").list_deployment_groups(applicationName="web")
    assert groups["deploymentGroups"] == ["web"]
    terraform("destroy", "-auto-approve", "-input=false", *update)
    assert ecs.describe_clusters(clusters=["terraform"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert server.client("events").list_rules()["Rules"] == []
    assert server.client("scheduler").list_schedules()["Schedules"] == []
    assert server.client("codedeploy").list_applications()["applications"] == []
