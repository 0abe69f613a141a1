"""The plugin as its users have it: in a pytest of their own, where it is known by KECS's installation."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest
from tests.testing.conftest import Run


def test_the_installation_registers_it() -> None:
    assert [found.value for found in entry_points(group="pytest11", name="kecs")] == ["kecs.testing.plugin"]


def test_it_costs_nothing_where_no_fixture_is_used(run: Run) -> None:
    run(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    assert 'kecs.testing.plugin' in sys.modules\n"
        "    assert not {'boto3', 'uvloop', 'msgspec', 'kecs.testing.server', 'kecs.app'} & sys.modules.keys()\n"
    )


def test_it_can_be_left_out(run: Run) -> None:
    assert "fixture 'kecs' not found" in run("def test_it(kecs): pass\n", "-p", "no:kecs", code=1)


FIXTURES = """
from kecs.testing import deploy_service, running_tasks

def test_a_cluster_of_its_own(ecs, ecs_cluster):
    deploy_service(ecs, ecs_cluster, "web", count=2)
    assert len(running_tasks(ecs, ecs_cluster)) == 2

def test_the_others_are_gone(ecs, ecs_cluster, kecs):
    active = [arn.rsplit("/", 1)[-1] for arn in ecs.list_clusters()["clusterArns"]]
    assert sorted(active) == sorted(["default", ecs_cluster])

def test_frozen(kecs_clock):
    kecs_clock.freeze()
    assert kecs_clock.frozen

def test_flowing(kecs_clock):
    assert not kecs_clock.frozen
"""


@pytest.mark.parametrize("flags", [[], ["--kecs-child"], ["-n", "2"]], ids=["one process", "a child", "two workers"])
def test_the_fixtures(run: Run, flags: list[str]) -> None:
    assert "4 passed" in run(FIXTURES, *flags)


def test_what_a_failed_test_leaves_is_cleaned_up(run: Run) -> None:
    printed = run(
        "from kecs.testing import deploy_service\n"
        "def test_it_fails(ecs, ecs_cluster):\n"
        "    deploy_service(ecs, ecs_cluster, 'web', count=2)\n"
        "    assert False, 'on purpose'\n"
        "def test_the_next(ecs):\n"
        "    assert len(ecs.list_clusters()['clusterArns']) == 1\n",
        code=1,
    )
    assert "1 failed, 1 passed" in printed


MARKED = """
import pytest

@pytest.mark.kecs(region="eu-west-1")
def test_one(kecs, ecs):
    assert kecs.region == ecs.meta.region_name == "eu-west-1"
    ecs.create_cluster(clusterName="shared")

def test_other(kecs, ecs):
    assert kecs.region == "us-east-1"
    assert len(ecs.list_clusters()["clusterArns"]) == 1

@pytest.mark.kecs(region="eu-west-1")
def test_third(ecs):
    assert len(ecs.list_clusters()["clusterArns"]) == 2

@pytest.mark.kecs(env={"KECS_ACCOUNT": "444444444444"})
@pytest.mark.parametrize("number", [1, 2])
def test_fourth(ecs, ecs_cluster, number):
    assert ":444444444444:" in ecs.list_clusters()["clusterArns"][0]
"""


def test_tests_with_the_same_marker_share_a_server(run: Run) -> None:
    assert "5 passed" in run(MARKED)


def test_the_marker_is_explained_and_checked(run: Run) -> None:
    assert "@pytest.mark.kecs(**options):" in run("", "--markers")
    printed = run("import pytest\n@pytest.mark.kecs('docker')\ndef test_it(kecs): pass\n", code=2)
    assert "The marker kecs takes keyword arguments only" in printed


def test_a_runtime_for_all_and_one_that_cannot_be_had(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1 passed" in run("def test_it(kecs): assert kecs.runtime == 'simulated'\n", "--kecs-runtime", "simulated")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    printed = run("def test_it(kecs): pass\n", "--kecs-runtime", "docker", code=1)
    assert "NotStarted: KECS did not start: " in printed


def test_a_marker_wins_over_the_options(run: Run) -> None:
    marked = "import pytest\n@pytest.mark.kecs(test_mode=True, in_process=True)\ndef test_it(kecs):\n"
    assert "1 passed" in run(
        marked + "    assert kecs.runtime == 'simulated'\n", "--kecs-runtime=docker", "--kecs-child"
    )


FAULTY = """
import pytest
from botocore.exceptions import ClientError
from kecs.testing import fault

def test_of_the_fixture(ecs, kecs_faults, ecs_cluster):
    kecs_faults.throttle("*")
    with pytest.raises(ClientError, match="Rate exceeded"):
        ecs.list_clusters()

@pytest.mark.kecs(faults=[fault.server_error("CreateCluster", times=1), {"kind": "throttle", "operation": "List*"}])
def test_of_the_marker(ecs, ecs_cluster):
    with pytest.raises(ClientError, match="ServerException"):
        ecs.create_cluster()
    with pytest.raises(ClientError, match="Rate exceeded"):
        ecs.list_clusters()

@pytest.mark.kecs(region="eu-west-1", faults=[fault.throttle()])
def test_of_another_server(ecs, kecs_faults, kecs):
    assert [one["kind"] for one in kecs_faults.all()] == ["throttle"]
    raise RuntimeError("whatever happens")

@pytest.mark.kecs(region="eu-west-1")
def test_none_is_left_there(ecs, kecs):
    assert kecs.region == "eu-west-1"
    assert kecs.faults.all() == []

def test_none_is_left(ecs, kecs):
    assert kecs.region == "us-east-1"
    assert kecs.faults.all() == []
"""


def test_faults_are_those_of_the_test_that_sets_them(run: Run) -> None:
    printed = run(FAULTY, code=1)
    assert "1 failed, 4 passed" in printed
    assert "RuntimeError: whatever happens" in printed


LEFT = """
import pytest
from botocore.exceptions import ClientError
from kecs.testing import cleanup_cluster, create_test_task_definition, fault, wait_for_task

@pytest.fixture(scope="module", autouse=True)
def of_all(kecs):
    kecs.image("all:*")(lambda container: 3)
    kecs.faults.throttle("ListAttributes")

@pytest.fixture(scope="module")
def shared(kecs):
    client = kecs.ecs_client()
    client.create_cluster(clusterName="shared")
    yield client
    cleanup_cluster(client, "shared")

def code(ecs, cluster, image):
    job = create_test_task_definition(ecs, image=image, command=["true"])
    task = ecs.run_task(cluster=cluster, taskDefinition=job)["tasks"][0]["taskArn"]
    return wait_for_task(ecs, cluster, task, "STOPPED")["containers"][0]["exitCode"]

def test_one(kecs, ecs, ecs_cluster):
    kecs.faults.throttle("ListClusters")
    kecs.image("job:*")(lambda container: 5)
    assert code(ecs, ecs_cluster, "job:1") == 5

def test_what_it_set_is_over_and_what_was_there_is_not(kecs, ecs, ecs_cluster):
    assert [one["operation"] for one in kecs.faults.all()] == ["ListAttributes"]
    assert [code(ecs, ecs_cluster, image) for image in ("job:1", "all:1")] == [0, 3]
    kecs.faults.clear()

def test_its_server_ends(kecs, kecs_faults, kecs_image, kecs_clock, shared, ecs_cluster):
    kecs_image("job:*")(lambda container: 5)
    kecs_faults.throttle()
    kecs.faults.throttle()
    kecs.cleanup()

def test_the_next(ecs, ecs_cluster, kecs_faults):
    assert code(ecs, ecs_cluster, "job:1") == 0
"""


def test_what_a_test_sets_ends_with_it(run: Run) -> None:
    assert "4 passed" in run(LEFT)


MARKED_TWICE = """
import pytest
from botocore.exceptions import ClientError
from kecs.testing import fault

pytestmark = pytest.mark.kecs(region="eu-west-1", faults=[fault.throttle("ListClusters")])

@pytest.mark.kecs(env={"KECS_ACCOUNT": "444444444444"}, faults=[fault.throttle("ListServices")])
class TestIt:
    def test_it(self, kecs, ecs):
        assert kecs.region == "eu-west-1"
        assert ":444444444444:" in ecs.describe_clusters()["clusters"][0]["clusterArn"]
        assert sorted(one["operation"] for one in kecs.faults.all()) == ["ListClusters", "ListServices"]

    @pytest.mark.kecs(region="us-west-2")
    def test_elsewhere(self, kecs):
        assert kecs.region == "us-west-2"
"""


def test_markers_of_test_class_and_module_add_up(run: Run) -> None:
    assert "2 passed" in run(MARKED_TWICE)


def test_faults_for_a_test_that_uses_no_kecs(run: Run) -> None:
    marked = "import pytest\n@pytest.mark.kecs(faults=[{'kind': 'throttle'}])\ndef test_it(): pass\n"
    assert "The marker kecs has faults for a test that uses no KECS." in run(marked, code=1)


def test_a_failure_is_shown_at_the_line_of_the_test(run: Run) -> None:
    printed = run(
        "from kecs.testing import assert_service_healthy, wait_for_task\n"
        "def test_of_an_assertion(ecs, ecs_cluster):\n"
        "    assert_service_healthy(ecs, ecs_cluster, 'web')\n"
        "def test_of_a_wait(ecs, ecs_cluster):\n"
        "    wait_for_task(ecs, ecs_cluster, '0' * 32, timeout=0.1)\n"
        "def test_of_a_mistake(ecs):\n"
        "    wait_for_task(ecs, 'default', '0' * 32, 'FINISHED')\n",
        code=1,
    )
    ends = [line for line in printed.splitlines() if line.endswith(("Error", "Error: "))]
    assert [line.split(":")[0].rsplit("/", 1)[-1] for line in ends] == ["test_it.py", "test_it.py", "waiting.py"]
