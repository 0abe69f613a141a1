"""The two ways to install KECS in a cluster are the same KECS, and it is installed with care."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.manifests import BASE, CHART, ROOT, Manifest, Refused, kustomized, rendered

from kecs import __version__
from kecs.cli.start import start_command

DEPLOYMENT = ("Deployment", "kecs")


def without_labels(manifest: Manifest) -> Manifest:
    """Helm says of everything that it is Helm's."""
    kept = {name: value for name, value in manifest["metadata"].items() if name != "labels"}
    return manifest | {"metadata": kept}


def spread(folder: Path, **more: Any) -> Path:
    """An overlay on the base."""
    overlay = folder / "overlay"
    overlay.mkdir()
    (overlay / "base").symlink_to(BASE)
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["base"]} | more))
    return overlay


def environment(manifest: Manifest) -> dict[str, str]:
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_the_chart_is_the_base() -> None:
    base, chart = kustomized(), rendered()
    assert base.pop(("Namespace", "kecs"))  # which Helm makes with --create-namespace
    assert chart.keys() == base.keys()
    labels = chart[DEPLOYMENT]["spec"]["selector"]["matchLabels"]
    assert labels == {"app.kubernetes.io/name": "kecs", "app.kubernetes.io/instance": "kecs"}
    assert chart[DEPLOYMENT]["spec"]["template"]["metadata"]["labels"] == labels
    assert chart["Service", "kecs"]["spec"]["selector"] == labels
    of_base = {"app.kubernetes.io/name": "kecs"}
    chart[DEPLOYMENT]["spec"]["selector"]["matchLabels"] = of_base
    chart[DEPLOYMENT]["spec"]["template"]["metadata"]["labels"] = of_base
    chart["Service", "kecs"]["spec"]["selector"] = of_base
    for key, manifest in base.items():
        assert without_labels(chart[key]) == without_labels(manifest)


def test_kecs_is_nobody_in_particular_and_writes_nowhere_else() -> None:
    pod = kustomized()[DEPLOYMENT]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    user = re.search(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (int(user[1]), True)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/data", "/tmp"]
    assert {name for name in container if name.endswith("Probe")} == {"startupProbe", "readinessProbe", "livenessProbe"}


def test_no_variable_of_a_service_is_taken_for_a_flag() -> None:
    """KECS_PORT would be tcp://10.96.…:5373."""
    assert kustomized()[DEPLOYMENT]["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_every_port_says_its_protocol() -> None:
    """Without it Kubernetes 1.20 refuses a server-side apply, which is how Helm 4 installs."""
    found = kustomized()
    (container,) = found[DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    ports = [*container["ports"], *found["Service", "kecs"]["spec"]["ports"]]
    assert [port["protocol"] for port in ports] == ["TCP", "TCP"]


def test_an_overlay_names_another_place_and_image(tmp_path: Path) -> None:
    image = {"name": "kecs", "newName": "registry.example/kecs", "newTag": "1"}
    found = kustomized(spread(tmp_path, namespace="elsewhere", images=[image]))
    (container,) = found[DEPLOYMENT]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/kecs:1"
    assert {manifest["metadata"].get("namespace", "elsewhere") for manifest in found.values()} == {"elsewhere"}
    assert ("Namespace", "elsewhere") in found
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        assert found[kind, "kecs"]["subjects"][0]["namespace"] == "elsewhere"


def test_statistics_of_nodes_are_asked_for(tmp_path: Path) -> None:
    role = ("ClusterRole", "kecs-statistics")
    overlay = spread(tmp_path, components=["base/statistics"])
    assert role not in kustomized()
    assert kustomized(overlay)[role]["rules"] == rendered(values={"rbac": {"statistics": True}})[role]["rules"]


def test_releases_do_not_get_into_each_others_way() -> None:
    one, other = rendered(release="orders", namespace="a"), rendered(release="orders", namespace="b")
    assert ("Deployment", "orders-kecs") in one
    everywhere = {"ClusterRole", "ClusterRoleBinding"}
    assert {key for key in one.keys() & other.keys() if key[0] in everywhere} == set()
    binding = one["ClusterRoleBinding", "a-orders-kecs"]
    assert binding["roleRef"]["name"] == "a-orders-kecs"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "orders-kecs", "namespace": "a"}]


def test_settings_are_flags() -> None:
    values = {"settings": {"account": "123456789012", "no-local-instance": True, "log-level": "debug"}}
    assert environment(rendered(values=values)[DEPLOYMENT]) == {
        "KECS_RUNTIME": "kubernetes",
        "KECS_ACCOUNT": "123456789012",
        "KECS_NO_LOCAL_INSTANCE": "true",
        "KECS_LOG_LEVEL": "debug",
    }


def test_what_is_there_already_is_used() -> None:
    values: Manifest = {
        "serviceAccount": {"create": False, "name": "mine"},
        "rbac": {"create": False},
        "persistence": {"existingClaim": "state"},
    }
    found = rendered(values=values)
    assert {kind for kind, _ in found} == {"Deployment", "Service"}
    pod = found[DEPLOYMENT]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "mine"
    assert pod["volumes"][0] == {"name": "data", "persistentVolumeClaim": {"claimName": "state"}}


def test_a_file_for_kecs_comes_in_a_volume() -> None:
    seed = {"name": "seed", "configMap": {"name": "shop"}}
    mount = {"name": "seed", "mountPath": "/seed"}
    values = {"settings": {"seed": "/seed/shop.yaml"}, "volumes": [seed], "volumeMounts": [mount]}
    pod = rendered(values=values)[DEPLOYMENT]["spec"]["template"]["spec"]
    assert pod["volumes"][2:] == [seed]
    assert pod["containers"][0]["volumeMounts"][2:] == [mount]


def test_what_a_cluster_wants_to_know_of_a_pod() -> None:
    values: Manifest = {
        "image": {"repository": "registry.example/kecs", "tag": "1", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "login"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "control", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "podAnnotations": {"a": "1"},
        "podLabels": {"team": "x"},
        "persistence": {"storageClass": "fast", "size": "5Gi"},
        "service": {"type": "NodePort", "port": 80, "annotations": {"b": "2"}},
        "serviceAccount": {"annotations": {"c": "3"}, "automount": False},
        "resources": {"limits": {"cpu": "1"}},
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    }
    found = rendered(values=values)
    template = found[DEPLOYMENT]["spec"]["template"]
    pod, (container,) = template["spec"], template["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("registry.example/kecs:1", "Always")
    assert {name: pod[name] for name in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity")} == {
        name: values[name] for name in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity")
    }
    assert (template["metadata"]["annotations"], template["metadata"]["labels"]["team"]) == ({"a": "1"}, "x")
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert environment(found[DEPLOYMENT])["HTTPS_PROXY"] == "http://proxy:3128"
    claim, service = found["PersistentVolumeClaim", "kecs"]["spec"], found["Service", "kecs"]
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "5Gi")
    assert (service["spec"]["type"], service["spec"]["ports"][0]["port"]) == ("NodePort", 80)
    assert service["metadata"]["annotations"] == {"b": "2"}
    account = found["ServiceAccount", "kecs"]
    assert (account["metadata"]["annotations"], account["automountServiceAccountToken"]) == ({"c": "3"}, False)


@pytest.mark.parametrize(
    "values",
    [
        {"settings": {"regoin": "us-east-1"}},
        {"settings": {"account": "1"}},
        {"persistence": {"size": "big"}},
        {"service": {"port": "http"}},
        {"volumeMounts": [{"name": "mine", "mountPath": "/data"}]},
        {"replicas": 2},
    ],
    ids=str,
)
def test_values_that_mean_nothing_are_refused(values: Manifest) -> None:
    with pytest.raises(Refused, match="schema"):
        rendered(values=values)


OF_THE_CHART = {"runtime", "host", "port", "data-dir", "detach", "ready-fd"}
ELSEWHERE = {"test-mode", "kubeconfig", "context", "k3d"}


def test_the_schema_knows_the_flags_of_kecs_start() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    flags = {option.removeprefix("--") for parameter in start_command.params for option in parameter.opts}
    assert schema["properties"]["settings"]["properties"].keys() == flags - OF_THE_CHART - ELSEWHERE


def test_every_value_is_in_the_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    assert schema["properties"].keys() == values.keys()


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
