"""Rules about a container and its kernel: capabilities, tmpfs mounts, kernel parameters, security options.

The values are those that the model documents: shapes KernelCapabilities, Tmpfs, SystemControl and ContainerDefinition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, mode, per_container

MOST_CREDENTIAL_SPECS = 1

_CAPABILITY = re.compile(
    r"ALL|AUDIT_CONTROL|AUDIT_WRITE|BLOCK_SUSPEND|CHOWN|DAC_OVERRIDE|DAC_READ_SEARCH|FOWNER|FSETID|"
    r"IPC_LOCK|IPC_OWNER|KILL|LEASE|LINUX_IMMUTABLE|MAC_ADMIN|MAC_OVERRIDE|MKNOD|NET_ADMIN|"
    r"NET_BIND_SERVICE|NET_BROADCAST|NET_RAW|SETFCAP|SETGID|SETPCAP|SETUID|SYS_ADMIN|SYS_BOOT|SYS_CHROOT|"
    r"SYS_MODULE|SYS_NICE|SYS_PACCT|SYS_PTRACE|SYS_RAWIO|SYS_RESOURCE|SYS_TIME|SYS_TTY_CONFIG|SYSLOG|"
    r"WAKE_ALARM"
)
_MOUNT_OPTION = re.compile(
    r"defaults|ro|rw|suid|nosuid|dev|nodev|exec|noexec|sync|async|dirsync|remount|mand|nomand|"
    r"atime|noatime|diratime|nodiratime|bind|rbind|unbindable|runbindable|private|rprivate|shared|"
    r"rshared|slave|rslave|relatime|norelatime|strictatime|nostrictatime|mode|uid|gid|nr_inodes|"
    r"nr_blocks|mpol"
)
_IPC = re.compile(r"kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+")
_NETWORK = re.compile(r"net\..+")
_SECURITY_OPTION = re.compile(r"no-new-privileges(:true)?|(apparmor|label|credentialspec|credentialspecdomainless):.+")


def _capabilities(container: m.ContainerDefinition) -> Iterator[str]:
    given = (container.linux_parameters and container.linux_parameters.capabilities) or m.KernelCapabilities()
    for name in (*(given.add or ()), *(given.drop or ())):
        if not _CAPABILITY.fullmatch(name):
            yield f"Invalid 'capabilities' setting for container '{container.name}': {name} is not a Linux capability."


def _mount_options(container: m.ContainerDefinition) -> Iterator[str]:
    for tmpfs in (container.linux_parameters and container.linux_parameters.tmpfs) or ():
        for option in tmpfs.mount_options or ():
            if not _MOUNT_OPTION.fullmatch(option.partition("=")[0]):
                yield f"Invalid 'mountOptions' setting for container '{container.name}': {option}."


def _system_controls(definition: m.TaskDefinition) -> Iterator[str]:
    for container in containers(definition):
        for control in container.system_controls or ():
            name = control.namespace or ""
            if not _IPC.fullmatch(name) and not _NETWORK.fullmatch(name):
                yield f"Invalid 'systemControls' setting for container '{container.name}': {name or 'null'}."
            elif mode(definition) == "host" and _NETWORK.fullmatch(name):
                yield "Network namespace systemControls are not supported when networkMode=host."
            elif definition.ipc_mode == "host" and _IPC.fullmatch(name):
                yield "IPC namespace systemControls are not supported when ipcMode=host."


def _security_options(container: m.ContainerDefinition) -> Iterator[str]:
    for option in container.docker_security_options or ():
        if not _SECURITY_OPTION.fullmatch(option):
            yield f"Invalid 'dockerSecurityOptions' setting for container '{container.name}': {option}."
    if len(container.credential_specs or ()) > MOST_CREDENTIAL_SPECS:
        yield f"Container '{container.name}' can have at most {MOST_CREDENTIAL_SPECS} credential spec."


RULES: tuple[Rule, ...] = (
    per_container(_capabilities),
    per_container(_mount_options),
    _system_controls,
    per_container(_security_options),
)
