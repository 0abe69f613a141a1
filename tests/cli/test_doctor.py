"""What `kecs doctor` makes of a Docker Engine that says this and that of itself."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.cli import doctor

INFO = {"ServerVersion": "28.0", "OperatingSystem": "Debian", "Architecture": "x86_64", "CgroupDriver": "systemd"}


def findings(monkeypatch: pytest.MonkeyPatch, url: str, **info: Any) -> dict[str, str]:
    async def told() -> tuple[str, dict[str, Any]]:
        return url, INFO | info

    monkeypatch.setattr(doctor, "_docker_info", told)
    return {finding.subject: f"{finding.verdict}: {finding.found}" for finding in doctor._docker()}


def test_why_tasks_are_not_bounded_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, "tcp://10.0.0.1:2375")
    assert found["Resource limits"] == "ok: cgroup v1, driver systemd"
    assert found["Task limits"].startswith(
        "note: for each container by itself: the Docker Engine is on another machine"
    )


def test_an_engine_without_limits_has_none_for_tasks_either(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, "unix:///run/docker.sock", MemoryLimit=False)
    assert found["Resource limits"] == "note: cgroup v1 without limits on memory or CPU"
    assert not {"Task limits", "Storage limits"} & set(found)


def test_what_holds_containers_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, "unix:///run/docker.sock", Driver="btrfs")
    assert found["Storage limits"] == "ok: for containers, by btrfs"
    files = [["Backing Filesystem", "extfs"]]
    found = findings(monkeypatch, "unix:///run/docker.sock", Driver="overlay2", DriverStatus=files)
    assert found["Storage limits"] == "note: none, Docker's files are in overlay2 on extfs"
