"""By which names containers and credentials are asked for inside a task.

Whoever knows such a name is taken to be that container, so it is nothing to be guessed: a part of it is made with a key
that one KECS keeps to itself. As the same name is made again at any time, none has to be kept, and what a container was
told when it started is still right after a restart.

`core.tasks.environment` puts them into a container's variables, `app.inside` finds by them whose a request is.
"""

from __future__ import annotations

from hashlib import blake2b

from kecs.core.arns import last_part

KEY_BYTES = 32
PARTS = ("v1", "v2", "v3", "v4", "api")  # with which the paths inside a task begin


class Names:
    """The names that one key makes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def container(self, task: str, container: str) -> str:
        """Of a container, by the ARN of its task and its own name: the task's id and 32 hexadecimal digits."""
        return f"{last_part(task)}-{self.made_of('container', task, container).hex()}"

    def credentials(self, task: str) -> str:
        """Of the credentials that the task of this ARN has."""
        return f"{last_part(task)}-{self.made_of('credentials', task).hex()}"

    def made_of(self, *parts: str, size: int = 16) -> bytes:
        """So many bytes that depend on the parts, and that nobody else can make."""
        return blake2b("\n".join(parts).encode(), key=self._key, digest_size=size).digest()


def task_id(name: str) -> str:
    """The id of the task that a name would be of, if it is one."""
    return name.partition("-")[0]
