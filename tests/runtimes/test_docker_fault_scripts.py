"""Faults of a network as the tools of Linux are told of them: what strikes whom, and what is spared."""

from __future__ import annotations

import shlex
import subprocess
from ipaddress import ip_network
from pathlib import Path

import pytest

from kecs.core.inside.network_faults import BlackHole, Fault, Latency, PacketLoss, rivals
from kecs.runtimes.docker.fault_scripts import Door, found, losing, starting, stopping

KECS = Door("172.18.0.1", 5373)
OFFICE = (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))
ANYBODY = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def started(fault: Fault, doors: list[Door]) -> str:
    return starting(fault, doors, rivals(fault))


def rules(script: str, tool: str = "iptables-restore") -> list[str]:
    """What the tool is fed."""
    (line,) = (line for line in script.splitlines() if f"| {tool} " in line)
    command = line.partition(" |")[0]
    first, form, *fed = shlex.split(command)
    assert (first, form, fed[0], fed[-1]) == ("printf", "%s\\n", "*mangle", "COMMIT")
    return fed[1:-1]


def test_a_black_hole_for_what_comes_in() -> None:
    script = started(BlackHole(80, "tcp", "ingress", OFFICE), [KECS])
    assert rules(script) == [
        ":ingress-tcp-80 - [0:0]",
        "-A ingress-tcp-80 -s 10.1.0.0/16 -j RETURN",
        "-A ingress-tcp-80 -p tcp --dport 80 -j DROP",
        "-I INPUT -j ingress-tcp-80",
    ]
    assert "-A ingress-tcp-80 -s 2001:db8::/32 -j RETURN" in rules(script, "ip6tables-restore")


def test_a_black_hole_for_what_goes_out_leaves_the_way_to_kecs() -> None:
    script = started(BlackHole(53, "udp", "egress", OFFICE), [KECS])
    assert rules(script) == [
        ":egress-udp-53 - [0:0]",
        "-A egress-udp-53 -p tcp -d 172.18.0.1 --dport 5373 -j RETURN",
        "-A egress-udp-53 -d 10.1.0.0/16 -j RETURN",
        "-A egress-udp-53 -p udp --dport 53 -j DROP",
        "-I OUTPUT -j egress-udp-53",
    ]
    assert not any("172.18.0.1" in rule for rule in rules(script, "ip6tables-restore"))


def test_packet_loss_is_a_program_on_the_way_out() -> None:
    script = started(PacketLoss(25, ANYBODY), [KECS])
    program = losing(PacketLoss(25, ANYBODY), [KECS])
    said = ",".join([str(len(program)), *(" ".join(map(str, each)) for each in program)])
    commands, undone = script.splitlines()[-1].split(" || ")
    assert commands.split(" && ") == [
        "tc qdisc add dev $2 clsact",
        f"tc filter add dev $2 egress bpf da bytecode '{said}'",
    ]
    assert "tc qdisc del dev $2 clsact" in undone


def test_latency_is_for_the_sources_in_a_band_of_their_own() -> None:
    script = started(Latency(100, 20, ANYBODY, OFFICE), [KECS])
    commands, undone = script.splitlines()[-1].split(" || ")
    said = [each.removeprefix("tc ").replace(" dev $2", "") for each in commands.split(" && ")]
    assert said == [
        "qdisc add root handle 1: prio bands 2 priomap 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "qdisc add parent 1:1 handle 10: netem delay 100ms 20ms",
        "filter add parent 1: protocol ip prio 1 u32 match ip dst 172.18.0.1/32 match ip dport 5373 0xffff flowid 1:2",
        "filter add parent 1: protocol ip prio 4 u32 match ip dst 10.1.0.0/16 flowid 1:2",
        "filter add parent 1: protocol ip prio 5 u32 match ip dst 0.0.0.0/0 flowid 1:1",
        "filter add parent 1: protocol ipv6 prio 6 u32 match ip6 dst 2001:db8::/32 flowid 1:2",
        "filter add parent 1: protocol ipv6 prio 7 u32 match ip6 dst ::/0 flowid 1:1",
    ]
    assert "tc qdisc del dev $2 root" in undone


def test_what_was_made_is_what_is_taken_away() -> None:
    for fault in (BlackHole(80, "tcp", "ingress"), BlackHole(80, "tcp", "egress")):
        made, undone = rules(started(fault, [])), rules(stopping(fault.name))
        hooked = next(rule for rule in made if rule.startswith("-I "))
        assert undone[0] == hooked.replace("-I ", "-D ")
        assert undone[1:] == [f"-F {fault.name}", f"-X {fault.name}"]
    assert stopping("network-latency").endswith("tc qdisc del dev $2 root")
    assert stopping("network-packet-loss").endswith("tc qdisc del dev $2 clsact")


def test_what_runs_is_seen_in_the_network() -> None:
    chains = ":OUTPUT ACCEPT [0:0]\n:egress-udp-53 - [3:180]\n:DOCKER_OUTPUT - [0:0]\n-A OUTPUT -j egress-udp-53"
    assert found(chains) == {"egress-udp-53"}
    assert found("qdisc clsact ffff: dev eth0 parent ffff:fff1") == {"network-packet-loss"}
    assert found("qdisc prio 1: dev eth0 root\nqdisc netem 10: dev eth0 parent 1:1 limit 1000") == {"network-latency"}
    assert found("qdisc noqueue 0: dev eth0 root refcnt 2") == frozenset()


FAULTS: tuple[Fault, ...] = (BlackHole(80, "tcp", "ingress"), PacketLoss(25, ANYBODY), Latency(100, 20, ANYBODY))
SEEN = {  # what the tools say of each
    "ingress-tcp-80": ":ingress-tcp-80 - [0:0]",
    "network-packet-loss": "qdisc clsact ffff: dev eth0 parent ffff:fff1",
    "network-latency": "qdisc netem 10: dev eth0 parent 1:1 limit 1000",
}


class Machine:
    """Tools that say that some faults run, and remember what they were told to change."""

    def __init__(self, folder: Path, *running: str, without: str = "") -> None:
        self._log, self._folder = folder / "log", folder
        says = "\n".join(["*mangle", *(SEEN[name] for name in running), "COMMIT"])
        tools = {
            "iptables-save": f"cat <<END\n{says}\nEND",
            "iptables-restore": f"cat >>{self._log}",
            "ip6tables-restore": "exit 1",
            "tc": f'[ "$2" = show ] || echo "tc $*" >>{self._log}',
            "ip": "echo default via 10.0.0.1 dev eth7",
        }
        for name, script in tools.items():
            if name != without:
                (folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
                (folder / name).chmod(0o755)

    def run(self, script: str) -> tuple[int, str, str]:
        """Exit code, output, what was changed."""
        done = subprocess.run(
            ["/bin/sh", "-c", script], env={"PATH": str(self._folder)}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, self._log.read_text() if self._log.exists() else ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_brought_about_where_no_rival_runs(tmp_path: Path, fault: Fault) -> None:
    beside = set(SEEN) - rivals(fault)
    code, said, changed = Machine(tmp_path, *beside).run(started(fault, [KECS]))
    assert (code, found(said)) == (0, beside)
    assert ("-I INPUT -j ingress-tcp-80" if isinstance(fault, BlackHole) else "dev eth7") in changed


@pytest.mark.parametrize(("fault", "rival"), [(fault, rival) for fault in FAULTS for rival in sorted(rivals(fault))])
def test_nothing_is_changed_where_one_runs(tmp_path: Path, fault: Fault, rival: str) -> None:
    code, said, changed = Machine(tmp_path, rival).run(started(fault, [KECS]))
    assert (code, found(said), changed) == (0, {rival}, "")


@pytest.mark.parametrize("name", SEEN)
def test_what_runs_is_ended_and_what_does_not_is_left(tmp_path: Path, name: str) -> None:
    assert Machine(tmp_path, *(set(SEEN) - {name})).run(stopping(name))[::2] == (0, "")
    code, _, changed = Machine(tmp_path, name).run(stopping(name))
    assert code == 0
    assert ("-D INPUT -j ingress-tcp-80" if name == "ingress-tcp-80" else "tc qdisc del dev eth7") in changed


@pytest.mark.parametrize(("missing", "fault"), [("iptables-restore", FAULTS[0]), ("tc", FAULTS[1]), ("tc", FAULTS[2])])
def test_a_program_that_is_not_there(tmp_path: Path, missing: str, fault: Fault) -> None:
    code, _, changed = Machine(tmp_path, without=missing).run(started(fault, [KECS]))
    assert (code, changed) == (127, "")
