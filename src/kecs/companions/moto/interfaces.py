"""The network interfaces of KECS's tasks in moto's EC2, where its clients find them. `server` calls it when KECS has
said which there are.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from kecs.companions.moto import quirks
from kecs.core.tasks.interfaces import Interface

# They are models of CloudFormation too, and lack some of what such a one declares.
_NetworkInterface: Any = NetworkInterface
_Subnet: Any = Subnet
_lock = threading.Lock()
_put = "kecs"  # the attribute of those that are here because KECS said so


class Interfaces(msgspec.Struct):
    """All of one account and region."""

    account: str
    region: str
    interfaces: list[Interface]


def agree(told: Interfaces) -> None:
    """Have exactly these, beside those that clients have made themselves."""
    quirks.after_import()
    backend: Any = ec2_backends[told.account][told.region]
    wanted = {interface.id: interface for interface in told.interfaces}
    with _lock:
        for there in list(backend.enis.values()):
            if hasattr(there, _put) and there.id not in wanted:
                backend.enis.pop(there.id, None)
        for interface in wanted.values():
            if interface.id not in backend.enis:
                backend.enis[interface.id] = _made(backend, interface)


def _made(backend: Any, interface: Interface) -> Any:
    groups = [group for group in interface.groups if backend.get_security_group_from_id(group)]
    made = _NetworkInterface(
        backend,
        _subnet(backend, interface),
        interface.address,
        group_ids=groups or None,
        description=interface.description,
    )
    made.id = interface.id
    made.mac_address = interface.mac_address
    made.status = "in-use"
    made.requester_managed = True
    # Nothing here is public; but whoever looks for a task's public address wants to reach it, and this is where.
    made.public_ip = interface.address if interface.public else None
    setattr(made, _put, True)
    return made


def _subnet(backend: Any, interface: Interface) -> Any:
    """moto's; or one of that id in the default VPC, which is nowhere else: ECS's callers may make an id up."""
    known = next(
        (subnets[interface.subnet] for subnets in backend.subnets.values() if interface.subnet in subnets), None
    )
    if known is not None:
        return known
    vpc = backend.get_default_vpc() or next(iter(backend.vpcs.values()))
    zones = backend.describe_availability_zones(zone_names=[interface.zone]) or backend.describe_availability_zones()
    return _Subnet(backend, interface.subnet, vpc.id, vpc.cidr_block, None, zones[0], False, False)
