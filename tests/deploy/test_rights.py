"""What KECS is granted is what the table in its code says that it needs, and what that code asks the cluster to do."""

from __future__ import annotations

from typing import Any

import yaml
from tests.support.manifests import BASE, ROOT

from kecs.runtimes.kubernetes.access.rights import AT_HOME, EVERYWHERE, STATISTICS, questions
from tools import rbac

ALL = (*EVERYWHERE, *AT_HOME, *STATISTICS)


def base(kind: str, file: str = "rbac.yaml") -> dict[str, Any]:
    documents = list(yaml.safe_load_all((BASE / file).read_text()))
    (found,) = [document for document in documents if document["kind"] == kind]
    return dict(found)


def test_manifests_and_guide_follow_the_table() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in rbac.files().items() if path.read_text() != text]
    assert stale == [], "run: tools/rbac.py"


def test_the_roles_have_the_rights_of_the_table_and_no_others() -> None:
    for kind, file, rights in (
        ("ClusterRole", "rbac.yaml", EVERYWHERE),
        ("Role", "rbac.yaml", AT_HOME),
        ("ClusterRole", "statistics/rbac.yaml", STATISTICS),
    ):
        granted = [
            (group, resource, verb)
            for rule in base(kind, file)["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        ]
        assert granted == [(right.group, right.resource, verb) for right in rights for verb in right.verbs]
        assert len(set(granted)) == len(granted)


def test_no_right_is_for_everything() -> None:
    assert [right for right in ALL if "*" in (right.group, right.resource, *right.verbs)] == []


def test_the_roles_are_bound_to_the_account_that_kecs_runs_under() -> None:
    for kind in ("ClusterRole", "Role"):
        binding = base(f"{kind}Binding")
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "kecs"}
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "kecs", "namespace": "kecs"}]


def test_each_right_is_a_question_to_a_cluster() -> None:
    asked = {question.name: question.review()["resourceAttributes"] for question in questions("kecs")}
    assert asked["list pods.metrics.k8s.io"] == {"verb": "list", "group": "metrics.k8s.io", "resource": "pods"}
    assert asked["create pods/exec"] == {"verb": "create", "group": "", "resource": "pods", "subresource": "exec"}
    assert asked["patch services/status"] == {
        "verb": "patch",
        "group": "",
        "resource": "services",
        "subresource": "status",
        "namespace": "kecs",
    }
    assert len(asked) == sum(len(right.verbs) for right in ALL)
