"""The objects of a Kubernetes cluster that a test has in its own process: versions, selectors, history, watches.

`kubernetes_server` speaks HTTP about them, `kubelets` runs the pods among them.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Object = dict[str, Any]
Key = tuple[str, str]  # namespace, name


class Scope(NamedTuple):
    """What a list or a watch is about."""

    plural: str
    namespace: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    def has(self, found: Object) -> bool:
        metadata = found["metadata"]
        theirs = metadata.get("labels") or {}
        return (
            self.namespace in (None, metadata.get("namespace"))
            and all(theirs.get(name) == value for name, value in self.labels)
            and all(_field(found, path) == value for path, value in self.fields)
        )


class Happened(NamedTuple):
    version: int
    plural: str
    object: Object
    line: bytes


Hear = Callable[[bytes | None], None]  # a line of a watch; None: it ends here


class Objects:
    """Everything there is. An object that changes is another dict, so whoever has one keeps it as it was."""

    def __init__(self) -> None:
        self.version = 0
        self.forgotten = 0  # versions up to here are: a watch from one of them is refused
        self.changed: Callable[[str, str, Object], None] = lambda *_: None  # the type of the event, plural, object
        self._there: defaultdict[str, dict[Key, Object]] = defaultdict(dict)
        self._history: list[Happened] = []
        self._watches: dict[Hear, Scope] = {}
        self._uids = itertools.count(1)

    def get(self, plural: str, namespace: str, name: str) -> Object | None:
        return self._there[plural].get((namespace, name))

    def find(self, scope: Scope) -> list[Object]:
        """In the order of their names, as lists have them."""
        return [found for _, found in sorted(self._there[scope.plural].items()) if scope.has(found)]

    def put(self, plural: str, wanted: Object) -> Object:
        """Make it, or change it."""
        self.version += 1
        metadata = dict(wanted["metadata"])
        key = metadata.get("namespace", ""), metadata["name"]
        before = self._there[plural].get(key)
        metadata["uid"] = before["metadata"]["uid"] if before else f"uid-{next(self._uids)}"
        metadata["resourceVersion"] = str(self.version)
        found = self._there[plural][key] = {**wanted, "metadata": metadata}
        self._tell("MODIFIED" if before else "ADDED", plural, found)
        return found

    def remove(self, plural: str, namespace: str, name: str) -> None:
        found = self._there[plural].pop((namespace, name), None)
        if found is not None:
            self.version += 1
            metadata = {**found["metadata"], "resourceVersion": str(self.version)}
            self._tell("DELETED", plural, {**found, "metadata": metadata})

    @property
    def watches(self) -> int:
        return len(self._watches)

    def watch(self, scope: Scope, version: int, hear: Hear) -> None:
        """Hear what has happened to these after that version, and what happens from now on."""
        for event in self._history:
            if event.version > version and event.plural == scope.plural and scope.has(event.object):
                hear(event.line)
        self._watches[hear] = scope

    def unwatch(self, hear: Hear) -> None:
        self._watches.pop(hear, None)

    def end_watches(self) -> None:
        """As the API server does with each after some time."""
        for hear in list(self._watches):
            hear(None)

    def bookmark(self) -> None:
        """Tell every watch how far it has seen."""
        for hear, scope in list(self._watches.items()):
            about = {"kind": scope.plural, "metadata": {"resourceVersion": str(self.version)}}
            hear(_line("BOOKMARK", about))

    def forget(self) -> None:
        """The history so far, as etcd does when it is compacted."""
        self.forgotten = self.version
        self._history.clear()

    def _tell(self, kind: str, plural: str, found: Object) -> None:
        event = Happened(self.version, plural, found, _line(kind, found))
        self._history.append(event)
        for hear, scope in list(self._watches.items()):
            if scope.plural == plural and scope.has(found):
                hear(event.line)
        self.changed(kind, plural, found)


def merged(found: Any, change: Any) -> Any:
    """A patch, of the kinds that KECS sends: lists of what has a name are merged by name, other lists replaced."""
    if isinstance(found, dict) and isinstance(change, dict):
        both = {key: merged(found.get(key), value) for key, value in change.items() if value is not None}
        return {key: value for key, value in {**found, **both}.items() if change.get(key, value) is not None}
    if isinstance(found, list) and isinstance(change, list) and all(_is_named(each) for each in found + change):
        changes = {each["name"]: each for each in change}
        kept = [merged(each, changes.pop(each["name"], {})) for each in found]
        return [*kept, *changes.values()]
    return change


def selected(text: str | None) -> Iterator[tuple[str, str]]:
    """A selector of labels or fields: `one=1,two=2`."""
    for part in filter(None, (text or "").split(",")):
        name, _, value = part.partition("=")
        yield name, value


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value


def _field(found: Object, path: str) -> Any:
    value: Any = found
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _line(kind: str, found: Object) -> bytes:
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"
