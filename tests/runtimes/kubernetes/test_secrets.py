"""The Secret of a task: what is in it, and that a pod finds it there."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.runtimes.kubernetes.translated import NAMESPACE, POD, SETTINGS, TASK_ID, Case, plan

from kecs.core.tasks.plan import RegistryLogin
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.secrets import key_of, may_have_secret, secret_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

KEY = {
    "environment": [{"name": "A", "value": "1"}, {"name": "KEY", "value": "$(s3cret) ü"}],
    "secrets": [{"name": "KEY", "valueFrom": "key"}],
}
ROUTER = {"name": "router", "firelensConfiguration": {"type": "fluentd"}}
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:3"

CASES = [
    Case("values of two containers", [KEY, KEY | {"name": "Side_Car"}], {}),
    Case("a login", [{"image": "registry.test/app"}], {}, {"logins": {"app": RegistryLogin("me", "pw")}}),
    Case("a login and values", [KEY], {}, {"logins": {"app": RegistryLogin("me", "pw")}}),
    Case("a router of output", [{}, ROUTER], {}),
]


def content(made: dict[str, Any] | None) -> dict[str, str]:
    assert made is not None
    return {key: base64.b64decode(value).decode() for key, value in made["data"].items()}


def test_values_stand_in_it_by_container_and_variable() -> None:
    made = secret_of(plan(KEY, KEY | {"name": "Side_Car"}), SETTINGS)
    assert made is not None
    assert made | {"data": None} == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": POD,
            "namespace": NAMESPACE,
            "labels": {
                "app.kubernetes.io/managed-by": "kecs",
                "kecs.dev/instance": "test",
                "kecs.dev/task": TASK_ID,
            },
        },
        "type": "Opaque",
        "data": None,
    }
    assert content(made) == {"app.KEY": "$(s3cret) ü", "side-car-a5748544.KEY": "$(s3cret) ü"}


def test_a_pod_has_no_value_of_it() -> None:
    pod = pod_of(plan(KEY), started=["app"], settings=SETTINGS)
    assert "s3cret" not in json.dumps(pod)


def test_a_task_without_secrets_has_none() -> None:
    assert secret_of(plan({}), SETTINGS) is None
    assert not may_have_secret(plan({}))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whether_there_may_be_one_is_known_without_what_is_secret(case: Case) -> None:
    assert secret_of(case.plan, SETTINGS) is not None
    assert may_have_secret(case.plan)


def test_a_login_that_was_forgotten() -> None:
    assert may_have_secret(plan({"repositoryCredentials": {"credentialsParameter": "x"}}))


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("registry.test:5000/team/app:1", "registry.test:5000/team/app"),
        ("registry.test/app@sha256:" + "a" * 64, "registry.test/app"),
        ("me/app", "docker.io/me/app"),
        ("nginx:1", "docker.io/library/nginx"),
        (ECR, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api"),
    ],
)
def test_a_login_is_that_of_the_repository(image: str, repository: str) -> None:
    made = secret_of(plan({"image": image}, logins={"app": RegistryLogin("me", "p:w")}), SETTINGS)
    assert made is not None
    assert made["type"] == "kubernetes.io/dockerconfigjson"
    login = {"username": "me", "password": "p:w", "auth": base64.b64encode(b"me:p:w").decode()}
    assert json.loads(content(made)[".dockerconfigjson"]) == {"auths": {repository: login}}


def test_a_login_is_for_the_registry_that_stands_in_for_ecr() -> None:
    settings = PodSettings(instance="test", ecr_registry="localhost:5000")
    made = secret_of(plan({"image": ECR}, logins={"app": RegistryLogin("me", "pw")}), settings)
    assert list(json.loads(content(made)[".dockerconfigjson"])["auths"]) == ["localhost:5000/shop/api"]


def test_a_pod_pulls_with_it_where_there_are_logins() -> None:
    private = pod_of(plan({}, logins={"app": RegistryLogin("me", "pw")}), started=["app"], settings=SETTINGS)
    assert private["spec"]["imagePullSecrets"] == [{"name": POD}]
    assert "imagePullSecrets" not in pod_of(plan(KEY), started=["app"], settings=SETTINGS)["spec"]


def test_the_router_of_a_tasks_output_is_configured_by_it() -> None:
    assert content(secret_of(plan({}, ROUTER), SETTINGS))["firelens.conf"].startswith("<source>")


def test_a_key_is_no_longer_than_kubernetes_takes() -> None:
    assert key_of("app", "A" * 249) == "app." + "A" * 249
    long, other = key_of("app", "A" * 250), key_of("app", "A" * 251)
    assert long != other
    assert len(long) < 253
