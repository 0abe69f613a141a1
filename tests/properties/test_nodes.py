"""Nodes come, change and go in any order, callers drain and deregister: instances say what their nodes do."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.properties.watching import Errors
from tests.scenarios.world import Refused, World
from tests.support.nodes import FakeNodes, node

from kecs.core.nodes.belonging import belongs
from kecs.core.records import InstanceRecord

EC2 = {"launchType": "EC2", "networkConfiguration": None}
CLUSTERS = ("default", "other")
names = st.sampled_from(("a", "b", "c"))
clusters = st.sampled_from(CLUSTERS)


class Machines(RuleBasedStateMachine):
    """Up to three nodes, two clusters and a service in each."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = Errors()
        self.errors.__enter__()
        self.nodes = FakeNodes(node("a"), node("b"))
        self.world = World(nodes=self.nodes)
        self.world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
        self.world.call("CreateCluster", clusterName="other")
        for cluster in CLUSTERS:
            self.world.serve(cluster=cluster, count=2, **EC2)

    def live(self) -> list[InstanceRecord]:
        return [i for i in self.world.kernel.store.instances if i.instance.status != "INACTIVE"]

    @rule(name=names)
    def comes_or_goes(self, name: str) -> None:
        if name in self.nodes.nodes:
            self.nodes.remove(name)
        else:
            self.nodes.add(node(name))

    @rule(name=names, member=st.sampled_from(("ready", "unschedulable", "reserved")))
    def turns(self, name: str, member: str) -> None:
        if name in self.nodes.nodes:
            self.nodes.change(name, **{member: not getattr(self.nodes.nodes[name], member)})

    @rule(name=names, owner=st.sampled_from((None, *CLUSTERS)))
    def is_given(self, name: str, owner: str | None) -> None:
        if name in self.nodes.nodes:
            self.nodes.label(name, kecs__cluster=owner)

    @rule(name=names, uid=st.sampled_from(("1", "2")))
    def is_another(self, name: str, uid: str) -> None:
        if name in self.nodes.nodes:
            self.nodes.change(name, uid=uid)

    @rule(cluster=clusters, which=st.integers(0, 2), status=st.sampled_from(("ACTIVE", "DRAINING")))
    def is_drained(self, cluster: str, which: int, status: str) -> None:
        arns = self.world.call("ListContainerInstances", cluster=cluster)["containerInstanceArns"]
        for arn in arns[which : which + 1]:
            self.world.call("UpdateContainerInstancesState", cluster=cluster, containerInstances=[arn], status=status)

    @rule(cluster=clusters)
    def is_deregistered(self, cluster: str) -> None:
        for arn in self.world.call("ListContainerInstances", cluster=cluster)["containerInstanceArns"][:1]:
            self.world.call("DeregisterContainerInstance", cluster=cluster, containerInstance=arn, force=True)

    @rule(cluster=clusters)
    def runs_a_task(self, cluster: str) -> None:
        try:
            self.world.run(cluster=cluster, **EC2)
        except Refused as refused:
            assert refused.text == "No Container Instances were found in your cluster."  # noqa: PT017  # else it ran

    @rule(slow=st.booleans())
    def is_slow(self, slow: bool) -> None:
        """Whether what is asked of nodes takes a while; a node that is slow no longer has done the last of it."""
        if not slow:
            for name, cordoned in dict(self.nodes.cordoned).items():
                if self.nodes.slow and name in self.nodes.nodes:
                    self.nodes.change(name, unschedulable=cordoned)
        self.nodes.slow = slow

    @rule(seconds=st.sampled_from((1, 30, 90)))
    def time_goes_on(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @invariant()
    def instances_say_what_their_nodes_do(self) -> None:
        self.world.clock.advance(0)
        store = self.world.kernel.store
        assert {record.name: record.node for record in store.nodes} == self.nodes.nodes
        places = [(i.cluster_arn, i.node.name) for i in self.live() if i.node is not None]
        assert len(places) == len(set(places)) == len(self.live())
        for instance in self.live():
            cluster, record = store.clusters.get(instance.cluster_arn), store.nodes.get(instance.node.name)
            assert cluster is not None
            assert record is not None
            assert instance.node.uid == record.node.uid
            assert instance.instance.agent_connected is record.node.ready
            drains = record.unschedulable or not belongs(record.node, cluster)
            assert instance.instance.status == ("DRAINING" if drains else "ACTIVE")
        there = {(store.clusters.get(arn).name, name) for arn, name in places}
        for cluster in store.clusters:
            for name, found in self.nodes.nodes.items():
                assert not (found.ready and belongs(found, cluster)) or (cluster.name, name) in there

    def teardown(self) -> None:
        """In the end nodes are as they are wanted, and no task is where nothing is."""
        self.is_slow(slow=False)
        self.world.clock.advance(3600)
        self.instances_say_what_their_nodes_do()
        live = {instance.arn for instance in self.live()}
        for record in self.world.kernel.store.nodes:
            assert record.cordon is None
            assert record.lost is not record.node.ready
        for task in self.world.kernel.store.tasks:
            assert task.last_status == "STOPPED" or task.container_instance_arn in live
        self.errors.__exit__(None, None, None)


TestMachines = Machines.TestCase
TestMachines.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
