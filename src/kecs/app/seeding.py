"""What a KECS starts with: a readable file in the shapes of the AWS API, or a snapshot. `server` calls it.

The entries of a file go through the handlers, in one transaction: all of them, or none and KECS does not start. What is
there already, in a data folder, is left as it is: what is missing is made, but tasks are run, and settings and tags
set, only by a KECS that had no state of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, last_part
from kecs.ports.snapshots import SnapshotRefused

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel

Entry = dict[str, Any]


class SeedRefused(Exception):
    """The seed cannot be what KECS starts with; the text says which file, which entry and why, in one line."""


class _Section(NamedTuple):
    """A list in the file: each entry has the members of the operation; `name` is the one that people know it by."""

    operation: str
    name: str


# In the order in which they are applied: each only names what comes before it.
SECTIONS = {
    "accountSettings": _Section("PutAccountSettingDefault", "name"),
    "capacityProviders": _Section("CreateCapacityProvider", "name"),
    "clusters": _Section("CreateCluster", "clusterName"),
    "taskDefinitions": _Section("RegisterTaskDefinition", "family"),
    "services": _Section("CreateService", "serviceName"),
    "tasks": _Section("RunTask", "taskDefinition"),
    "tags": _Section("TagResource", "resourceArn"),
}


_ATTACHED = ("capacityProviders", "defaultCapacityProviderStrategy")


class _Call(NamedTuple):
    """A request that an entry makes."""

    where: str  # in the file
    operation: str
    members: Entry


async def seed(kernel: Kernel, path: Path) -> None:
    """Begin with what the file says. Raises SeedRefused."""
    content = _content(path)
    from kecs.app.snapshots import KernelSnapshots, is_snapshot

    fresh = not any(map(len, kernel.store.tables.values()))
    if not is_snapshot(content):
        _Seed(kernel, path, fresh=fresh).apply(_read(path, content))
    elif fresh:
        try:
            await KernelSnapshots(kernel).restore(content)
        except SnapshotRefused as error:
            raise SeedRefused(f"The seed {path} cannot be used: {error}") from error


class _Seed:
    def __init__(self, kernel: Kernel, path: Path, *, fresh: bool) -> None:
        self._kernel = kernel
        self._path = path
        self._fresh = fresh
        self._scope = Scope(kernel.settings.account, kernel.settings.region)
        self._families: dict[str, int] = {}  # entries so far
        self._there: dict[str, Callable[[Entry], bool]] = {
            "CreateCapacityProvider": self._has_provider,
            "CreateCluster": self._has_cluster,
            "RegisterTaskDefinition": self._has_revision,
            "CreateService": self._has_service,
            **dict.fromkeys(("PutAccountSettingDefault", "RunTask", "TagResource"), lambda _: not fresh),
        }

    def apply(self, sections: dict[str, list[Entry]]) -> None:
        store = self._kernel.store
        with store.transaction():
            for call in self._calls(sections):
                self._make(call)
        store.flush()

    def _calls(self, sections: dict[str, list[Entry]]) -> Iterator[_Call]:
        late: list[_Call] = []
        for name, section in SECTIONS.items():
            for number, entry in enumerate(sections.get(name, ())):
                called = entry.get(section.name)
                where = f"{name}[{number}]{f' ({called})' if called else ''}"
                call = _Call(where, section.operation, entry)
                if name == "capacityProviders" and "cluster" in entry:
                    late.append(call)
                elif self._fresh and name == "clusters" and called == "default":
                    yield from _of_default(call, self._scope.cluster("default"))
                else:
                    yield call
            if name == "clusters":
                yield from late

    def _make(self, call: _Call) -> None:
        is_there = self._there.get(call.operation)
        if is_there is not None and is_there(call.members):
            return
        target = f"{m.TARGET_PREFIX}.{call.operation}".encode()
        answer = self._kernel.endpoint.answer(target, None, msgspec.json.encode(call.members))
        body = msgspec.json.decode(answer.body) if answer.body else {}
        reason = None
        if answer.status != 200:
            reason = f"{body.get('__type')}: {body.get('message', body.get('Message', ''))}"
        elif failures := body.get("failures"):
            reason = "; ".join(failure.get("reason", "") for failure in failures)
        if reason is not None:
            raise SeedRefused(f"The seed {self._path}, {call.where}: {call.operation} is refused with {reason}")

    # -- what is there already --------------------------------------------------------------------------------------

    def _has_cluster(self, entry: Entry) -> bool:
        found = self._kernel.store.clusters.get(self._scope.cluster(str(entry.get("clusterName") or "default")))
        return found is not None and found.cluster.status == "ACTIVE"

    def _has_provider(self, entry: Entry) -> bool:
        providers = self._kernel.store.capacity_providers
        return any(p.provider.name == entry.get("name") and p.provider.status == "ACTIVE" for p in providers)

    def _has_revision(self, entry: Entry) -> bool:
        """The third entry of a family stands for its third revision."""
        family = str(entry.get("family"))
        number = self._families[family] = self._families.get(family, 0) + 1
        found = self._kernel.store.families.get(self._scope.family(family))
        return found is not None and found.last_revision >= number

    def _has_service(self, entry: Entry) -> bool:
        cluster = last_part(str(entry.get("cluster") or "default"))
        found = self._kernel.store.services.get(self._scope.service(cluster, str(entry.get("serviceName"))))
        return found is not None and found.status == "ACTIVE"


def _of_default(call: _Call, arn: str) -> Iterator[_Call]:
    """The cluster `default` exists from the start, so it is changed and not created."""
    members = {key: value for key, value in call.members.items() if key != "clusterName"}
    tags = members.pop("tags", None)
    attached = {key: members.pop(key) for key in _ATTACHED if key in members}
    if members:
        yield call._replace(operation="UpdateCluster", members={"cluster": "default", **members})
    if attached:
        both: Entry = {"cluster": "default", **{key: [] for key in _ATTACHED}, **attached}
        yield call._replace(operation="PutClusterCapacityProviders", members=both)
    if tags:
        yield call._replace(operation="TagResource", members={"resourceArn": arn, "tags": tags})


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SeedRefused(f"The seed {path} cannot be read: {error.strerror or error}.") from error


def _read(path: Path, content: bytes) -> dict[str, list[Entry]]:
    """The lists of the file, by section. Raises SeedRefused."""
    import yaml  # type: ignore[import-untyped]  # it comes without types; and only a seed needs it

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # likewise
        """Without dates: what looks like one is a text to AWS."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        found = yaml.load(content, Loader=Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise SeedRefused(f"The seed {path} is no YAML: {' '.join(str(error).split())}") from error
    found = {} if found is None else found
    if not isinstance(found, dict):
        raise SeedRefused(f"The seed {path} is no mapping of {', '.join(SECTIONS)}.")
    for name, entries in found.items():
        if name not in SECTIONS:
            raise SeedRefused(f"The seed {path} has no use for {name}; there are {', '.join(SECTIONS)}.")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            operation = SECTIONS[name].operation
            raise SeedRefused(f"The seed {path}, {name}: it is a list, and each entry has members of {operation}.")
    return found
