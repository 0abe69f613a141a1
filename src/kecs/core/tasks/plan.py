"""What a runtime has to know of a task: its definition with the overrides of this run applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.records import LaunchVolume, Record


class RegistryLogin(NamedTuple):
    """Who pulls an image from a private registry."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "RegistryLogin(…)"  # no log has it


class Owner(NamedTuple):
    """Whose a folder becomes that is made, and its mode."""

    uid: int
    gid: int
    mode: int


class AccessPoint(NamedTuple):
    """An access point of EFS."""

    path: str  # in its file system
    owner: Owner | None  # of the folder, where the access point has it made


class Wishes(Record):
    """What was asked of the node that a task has been placed on, and what it was chosen by."""

    expressions: tuple[str, ...] = ()  # of memberOf constraints; the cluster query language
    distinct: bool = False  # distinctInstance, and no other task of its group is left there
    attributes: Mapping[str, str] = {}  # of the container instance: those that the expressions name
    labels: Mapping[str, str] = {}  # of the node


class TaskPlan(Record):
    """One task to run. `containers` are the definition's, overrides applied, in the order of the definition."""

    arn: str
    id: str
    cluster: str  # the cluster's name
    account: str
    region: str
    definition: m.TaskDefinition
    containers: tuple[m.ContainerDefinition, ...]
    network_mode: str  # awsvpc | bridge | host | none
    launch_type: str
    cpu: str | None = None  # CPU units of the whole task, 1024 a core
    memory: str | None = None  # MiB of the whole task
    service: str | None = None  # the service's name
    group: str = ""
    node: str | None = None  # the node to run on, where its container instance is one
    wishes: Wishes | None = None  # by which that node was chosen; None: nothing was asked of it
    capacity_provider: str | None = None  # its name
    zone: str | None = None  # the Availability Zone that it is in
    deployment: str | None = None  # id of the service's deployment that it belongs to
    launch_volumes: tuple[LaunchVolume, ...] = ()
    kept_volumes: tuple[str, ...] = ()  # those configured at launch that are not deleted with the task
    access_points: Mapping[str, AccessPoint] = {}  # those that EFS knows, by id; looked up before the task starts
    logins: Mapping[str, RegistryLogin] = {}  # by container; only while the task starts, like all that is secret

    def container(self, name: str) -> m.ContainerDefinition:
        return next(c for c in self.containers if c.name == name)
