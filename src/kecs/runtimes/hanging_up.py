"""Hanging up on commands of ECS Exec. Runtimes whose engine cannot end one tell it from inside of the container.

A variable of its own tells the command from others. Called by the runtimes' `terminals`.
"""

from __future__ import annotations

import uuid

ENVIRONMENT = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
"""What a command at a terminal is given beside the container's own variables."""

_MARK = "KECS_EXEC"  # the variable
# To whoever leads a session at a terminal; as it ends, the kernel tells those in its foreground. $5 is the session that
# the process belongs to, $6 its terminal: see proc(5) for what stands behind the name in brackets.
_HANG_UP = """
mark=$1 looks=$2
while test "$looks" -gt 0; do
    for process in /proc/[0-9]*; do
        grep -q "$mark" "$process/environ" 2>/dev/null && read -r stat <"$process/stat" || continue
        set -- . ${stat##*) }
        test "$5" = "${process#/proc/}" && test "$6" != 0 && kill -HUP "$5" && looks=1
    done
    looks=$((looks - 1))
    test "$looks" -eq 0 || sleep 0.1
done
"""


def new_mark() -> dict[str, str]:
    """The variable for one more command."""
    return {_MARK: uuid.uuid4().hex}


def hang_up(mark: dict[str, str], looks: int = 1) -> list[str]:
    """The command that does it, and looks that many times for one that has yet to begin."""
    return ["sh", "-c", _HANG_UP, "sh", f"{_MARK}={mark[_MARK]}", str(looks)]
