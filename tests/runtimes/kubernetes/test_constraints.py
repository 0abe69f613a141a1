"""What placement constraints are to Kubernetes, and that it never refuses a node that KECS has chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtimes.kubernetes.translated import Case, changes, plan

from kecs.aws.model import ecs as m
from kecs.core.nodes.instances import new
from kecs.core.placement.query import matches, parse
from kecs.core.records import ClusterRecord, InstanceRecord, Node, NodeRecord
from kecs.core.tasks.plan import Wishes
from kecs.runtimes.kubernetes.manifests.constraints import MOST_TERMS, Terms, terms_of, translated
from kecs.runtimes.kubernetes.names import label_value

ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/dev"
DEV = ClusterRecord(arn=ARN, cluster=m.Cluster(cluster_arn=ARN, cluster_name="dev", status="ACTIVE"))
ZONE, OLD_ZONE = "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"
TYPE, OS, ARCH = "node.kubernetes.io/instance-type", "kubernetes.io/os", "kubernetes.io/arch"
LABELS = {
    "disk": "ssd",
    "rank": "10",
    "flag": "",
    "example.com/team": "red",
    ZONE: "us-east-1a",
    TYPE: "c5.large",
    OS: "linux",
    ARCH: "amd64",
}


def instance(labels: Mapping[str, str], architecture: str = "x86_64") -> InstanceRecord:
    node = Node(name="one", uid="u", cpu=4096, memory=8192, labels=labels, architecture=architecture)
    return new(DEV, NodeRecord(node=node, changed_at=0.0), "0" * 32, 0.0)


def wishes(
    *expressions: str, labels: Mapping[str, str] = LABELS, put: Mapping[str, str | None] | None = None
) -> Wishes:
    """What was asked of a node with these labels, of whose instance `put` was said (None: taken away)."""
    return Wishes(expressions=expressions, attributes=attributes(instance(labels), put or {}), labels=labels)


def attributes(of: InstanceRecord, put: Mapping[str, str | None]) -> dict[str, str]:
    told = {a.name: a.value or "" for a in of.instance.attributes or ()}
    return {name: value for name, value in {**told, **put}.items() if value is not None}


def read(terms: Terms) -> list[str]:
    """One line a term, such as `disk In ssd,hdd; rank Gt 5`."""
    return ["; ".join(f"{need.key} {need.operator} {','.join(need.values)}".strip() for need in t) for t in terms]


ALWAYS = [""]
FORMS = [
    ("attribute:disk == ssd", ["disk In ssd"]),
    ("attribute:disk in [ssd, nvme]", ["disk In ssd,nvme"]),
    ("attribute:disk != hdd", ["disk Exists; disk NotIn hdd"]),
    ("attribute:disk !in [hdd, tape]", ["disk Exists; disk NotIn hdd,tape"]),
    ("attribute:disk exists", ["disk Exists"]),
    ("attribute:flag in ['', x]", ["flag In ,x"]),
    ("attribute:other !exists", ["other DoesNotExist"]),
    ("attribute:example.com/team == red", ["example.com/team In red"]),
    ("attribute:rank > 9", ["rank Gt 9"]),
    ("attribute:rank >= 10", ["rank Gt 9"]),
    ("attribute:rank < 11", ["rank Lt 11"]),
    ("attribute:rank <= 10", ["rank Lt 11"]),
    ("attribute:rank >= 1", ["rank Gt 0"]),
    ("attribute:rank >= 0", ["rank Exists"]),
    ("not(attribute:disk == hdd)", ["disk NotIn hdd"]),
    ("not(attribute:disk != ssd)", ["disk DoesNotExist", "disk In ssd"]),
    ("not(attribute:rank > 10)", ["rank DoesNotExist", "rank Lt 11"]),
    ("not(attribute:other exists)", ["other DoesNotExist"]),
    ("attribute:ecs.availability-zone == us-east-1a", [f"{ZONE} In us-east-1a"]),
    ("attribute:ecs.instance-type in [c5.large, m5.large]", [f"{TYPE} In c5.large,m5.large"]),
    ("attribute:ecs.os-type == linux", [f"{OS} In linux"]),
    ("attribute:ecs.cpu-architecture == x86_64", [f"{ARCH} In amd64"]),
    ("attribute:ecs.cpu-architecture != arm64", [f"{ARCH} Exists; {ARCH} NotIn arm64"]),
    ("attribute:ecs.cpu-architecture != amd64", [f"{ARCH} Exists"]),  # a word that ECS does not have for it
    ("attribute:disk == ssd and attribute:rank > 9", ["disk In ssd; rank Gt 9"]),
    ("attribute:disk == ssd or attribute:rank > 10", ["disk In ssd", "rank Gt 10"]),
    (
        "attribute:flag exists and (attribute:disk == ssd or not(attribute:rank < 5 or attribute:other exists))",
        [
            "flag Exists; disk In ssd",
            "flag Exists; rank DoesNotExist; other DoesNotExist",
            "flag Exists; rank Gt 4; other DoesNotExist",
        ],
    ),
    ("attribute:disk in [ssd, 'a b', -]", ["disk In ssd"]),  # what no label can be
    ("attribute:disk != 'a b'", ["disk Exists"]),
]

LEFT_TO_KECS = [
    "task:group != web",
    "agentVersion > 1.0.0",
    "agentConnected == true",
    "ec2InstanceId == one",
    "registeredAt > 2020-01-01",
    "runningTasksCount < 5",
    "attribute:disk =~ s.*",
    "attribute:disk !~ h.*",
    "attribute:disk > 5",  # ECS takes text to be greater than numbers
    "attribute:rank > 9.5",
    "attribute:rank > -1",
    "attribute:ecs.ami-id exists",  # which no label says
    "attribute:ecs.capability.task-eni exists",
    "attribute:not/a/label !exists",
    "not(task:group == web)",
    "attribute:disk == ssd or runningTasksCount < 5",
]


@pytest.mark.parametrize(("expression", "expected"), FORMS)
def test_what_is_said_of_nodes(expression: str, expected: list[str]) -> None:
    assert read(terms_of(wishes(expression))) == expected


@pytest.mark.parametrize("expression", LEFT_TO_KECS)
def test_what_is_left_to_kecs(expression: str) -> None:
    assert read(terms_of(wishes(expression))) == ALWAYS


def test_what_labels_can_say_is_said_beside_what_they_cannot() -> None:
    assert read(terms_of(wishes("attribute:disk == ssd and runningTasksCount < 5"))) == ["disk In ssd"]


@pytest.mark.parametrize(
    ("expression", "put"),
    [
        ("attribute:disk == nvme", {"disk": "nvme"}),
        ("attribute:disk != hdd", {"disk": "nvme"}),
        ("attribute:disk !exists", {"disk": None}),
        ("attribute:stack == prod", {"stack": "prod"}),
        ("attribute:ecs.instance-type == m5.large", {"ecs.instance-type": "m5.large"}),
    ],
)
def test_an_attribute_that_is_not_as_the_label_is_left_to_kecs(expression: str, put: dict[str, str | None]) -> None:
    assert read(terms_of(wishes(expression, put=put))) == ALWAYS


def test_an_attribute_without_a_label_for_it_is_left_to_kecs() -> None:
    assert read(terms_of(wishes("attribute:ecs.availability-zone == us-east-1a", labels={}))) == ALWAYS


def test_of_several_labels_the_one_that_counts_is_named() -> None:
    zone = "attribute:ecs.availability-zone == us-east-1b"
    assert read(terms_of(wishes(zone, labels={OLD_ZONE: "us-east-1b"}))) == [f"{OLD_ZONE} In us-east-1b"]
    both = {OLD_ZONE: "us-east-1a", ZONE: "us-east-1b"}
    assert read(terms_of(wishes(zone, labels=both))) == [f"{ZONE} In us-east-1b"]
    own = {ZONE: "us-east-1a", "ecs.availability-zone": "us-east-1b"}
    assert read(terms_of(wishes(zone, labels=own))) == ["ecs.availability-zone In us-east-1b"]


def test_all_constraints_hold_together_and_one_that_the_node_does_not_meet_is_not_said() -> None:
    given_ = wishes("attribute:disk == ssd or attribute:rank > 50", "attribute:rank < 11", "attribute:disk == hdd")
    assert read(terms_of(given_)) == ["disk In ssd; rank Lt 11", "rank Gt 50; rank Lt 11"]


def test_there_are_not_too_many_terms() -> None:
    either = " or ".join(f"attribute:disk == ssd and attribute:rank > {n}" for n in range(MOST_TERMS))
    assert len(terms_of(wishes(either))) == MOST_TERMS
    assert read(terms_of(wishes(f"{either} or attribute:flag exists"))) == ALWAYS
    both = " and ".join(f"(attribute:disk == ssd or attribute:rank > {n})" for n in range(12))
    terms = terms_of(wishes(both))
    assert len(terms) <= MOST_TERMS
    assert read(terms)[0].startswith("disk In ssd")


# What a pod says of it


def on_one(name: str, changed: dict[str, Any], labels: dict[str, str] | None = None, **wished: Any) -> Case:
    node = {"affinity": changed, "tolerations": [{"key": key, "operator": "Exists"} for key in TAINTS]}
    found = {"pod": node} | ({"labels": labels} if labels else {})
    given_ = wished.pop("wishes", Wishes())
    return Case(name, [{}], found, {"node": "one", "wishes": given_, **wished})


def required(*terms: list[dict[str, Any]]) -> dict[str, Any]:
    there = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["one"]}]}
    selected = [there | ({"matchExpressions": term} if term else {}) for term in terms]
    return {"nodeAffinity": {HARD: {"nodeSelectorTerms": selected}}}


def apart(value: str) -> dict[str, Any]:
    labels = {"matchLabels": {"kecs.dev/distinct-instance": value}}
    return {"podAntiAffinity": {HARD: [{"labelSelector": labels, "topologyKey": "kubernetes.io/hostname"}]}}


HARD = "requiredDuringSchedulingIgnoredDuringExecution"
TAINTS = ("kecs.dev/capacity-provider", "kecs.dev/cluster")
GROUP = label_value("family:web")
CASES = [
    on_one("nothing that labels say", required([]), wishes=wishes("agentConnected == true")),
    on_one(
        "memberOf",
        required(
            [
                {"key": "disk", "operator": "In", "values": ["ssd"]},
                {"key": "flag", "operator": "Exists"},
                {"key": "rank", "operator": "Gt", "values": ["9"]},
            ],
            [
                {"key": ZONE, "operator": "Exists"},
                {"key": ZONE, "operator": "NotIn", "values": ["us-east-1c"]},
                {"key": "flag", "operator": "Exists"},
                {"key": "rank", "operator": "Gt", "values": ["9"]},
            ],
        ),
        wishes=wishes(
            "attribute:disk == ssd or attribute:ecs.availability-zone != us-east-1c",
            "attribute:flag exists",
            "attribute:rank > 9",
        ),
    ),
    on_one(
        "distinctInstance",
        required([]) | apart(GROUP),
        {"kecs.dev/distinct-instance": GROUP},
        wishes=Wishes(distinct=True),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_pod_says(case: Case) -> None:
    assert changes(case) == case.changes


def test_groups_that_look_alike_are_not_kept_apart() -> None:
    def label(group: str) -> str:
        found = changes(Case("", [{}], {}, {"node": "one", "group": group, "wishes": Wishes(distinct=True)}))
        return str(found["labels"]["kecs.dev/distinct-instance"])

    assert label("service:web") != label("service.web")


# Whatever is asked of whatever node

VALUES = ("", "a", "b", "5", "10", "007", "us-east-1a", "c5.large", "x86_64", "amd64", "arm64", "linux")
STRANGE = ("x y", "-5", "1.5", "-", "a" * 64)
OWN = ("disk", "rank", "example.com/team")
MAPPED = ("ecs.availability-zone", "ecs.instance-type", "ecs.cpu-architecture", "ecs.os-type")
SUBJECTS = tuple(f"attribute:{name}" for name in (*OWN, *MAPPED, "not/a/label", "ecs.ami-id"))
SAME = ("== {}", "!= {}", "in [{}, {}]", "!in [{}, {}]", "exists", "!exists")
ORDER = ("> {}", ">= {}", "< {}", "<= {}")
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}

labels_of_nodes = st.dictionaries(st.sampled_from((*OWN, ZONE, OLD_ZONE, TYPE, OS, *MAPPED)), st.sampled_from(VALUES))


def comparisons(subjects: tuple[str, ...], operators: tuple[str, ...], arguments: tuple[str, ...]) -> Any:
    quoted = st.sampled_from(arguments).map(lambda text: f"'{text}'")
    parts = st.tuples(st.sampled_from(subjects), st.sampled_from(operators), quoted, quoted)
    return parts.map(lambda p: f"{p[0]} {p[1].format(p[2], p[3])}")


def expressions(leaves: Any, most: int) -> Any:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda a: f"not({a})"),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) and ({pair[1]})"),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) or ({pair[1]})"),
        ),
        max_leaves=most,
    )


anything = st.one_of(
    comparisons(SUBJECTS, SAME, VALUES + STRANGE),
    comparisons(SUBJECTS, ORDER, ("5", "9", "0", "-5", "1.5", "a")),
    st.sampled_from(LEFT_TO_KECS),
)
plain = comparisons(tuple(f"attribute:{name}" for name in OWN), SAME, VALUES + STRANGE)
mapped = comparisons(tuple(f"attribute:{name}" for name in MAPPED[:3]), SAME, VALUES + STRANGE)
numbers = comparisons(("attribute:rank",), ORDER, ("5", "9", "0", "10"))


def says(expression: str, of: Mapping[str, str]) -> bool:
    """What KECS's own scheduler says of an instance with these attributes."""
    known = {
        "task:group": ("web",),
        "agentVersion": ("1.2.3",),
        "agentConnected": ("true",),
        "ec2InstanceId": ("one",),
        "registeredAt": ("2026-01-01",),
        "runningTasksCount": ("2",),
    }
    return matches(parse(expression), (known | {f"attribute:{k}": (v,) for k, v in of.items()}).get)


def takes(terms: Sequence[Sequence[Mapping[str, Any]]], labels: Mapping[str, str]) -> bool:
    """What Kubernetes' scheduler says of a node: its documentation in a few lines. One term that holds is enough."""
    return any(all(_selects(need, labels.get(need["key"])) for need in term) for term in terms)


def _selects(need: Mapping[str, Any], value: str | None) -> bool:
    values = need.get("values", [])
    assert all(re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", value) for value in values)
    match need["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(values[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(values[0])
    raise AssertionError(need)


def selected(terms: Terms, labels: Mapping[str, str]) -> bool:
    return takes([[need.manifest() for need in term] for term in terms], labels)


def on(labels: Mapping[str, str], architecture: str | None, put: Mapping[str, str | None]) -> Wishes:
    whole = {**labels, ARCH: architecture} if architecture else labels
    return Wishes(attributes=attributes(instance(whole, ARCHITECTURES[architecture or "amd64"]), put), labels=whole)


architectures = st.sampled_from((None, "amd64", "arm64"))
puts = st.dictionaries(st.sampled_from((*OWN, *MAPPED)), st.sampled_from((None, *VALUES)), max_size=3)


@given(labels_of_nodes, architectures, puts, expressions(anything, 12))
def test_a_node_that_kecs_chooses_is_never_refused(
    labels: dict[str, str], architecture: str | None, put: dict[str, str | None], expression: str
) -> None:
    found = on(labels, architecture, put)
    if says(expression, found.attributes):
        assert selected(translated(parse(expression), found), found.labels)
    pod = plan(node="one", wishes=Wishes((expression,), attributes=found.attributes, labels=found.labels))
    assert pod.wishes is not None
    assert selected(terms_of(pod.wishes), found.labels)


@given(labels_of_nodes, architectures, expressions(st.one_of(plain, mapped, numbers), 4))
def test_what_labels_can_say_is_said_exactly(labels: dict[str, str], architecture: str | None, expression: str) -> None:
    whole = {"rank": "7"} | labels | {ZONE: "us-east-1b", TYPE: "m5.large"}
    if not whole["rank"].isdigit():
        whole["rank"] = "3"
    found = on(whole, architecture or "amd64", {})
    assert selected(translated(parse(expression), found), found.labels) == says(expression, found.attributes)


@given(labels_of_nodes, labels_of_nodes, expressions(plain, 4))
def test_a_node_whose_labels_change_is_refused_exactly_when_kecs_would(
    before: dict[str, str], after: dict[str, str], expression: str
) -> None:
    terms = translated(parse(expression), on(before, None, {}))
    now = on(after, None, {})
    assert selected(terms, now.labels) == says(expression, now.attributes)
