"""Images: found on the machine or pulled, as the policy says, and never pulled twice at the same time.

Pulls are shared: whoever asks for an image that is being pulled waits for that pull, and when the last one who waits
gives up, the pull is given up too (engines before 23 finish it all the same). Nothing else waits for a pull. Texts:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker.engine import Engine, EngineError

PullPolicy = Literal["missing", "always", "never"]

REMEMBERED = 2.0  # seconds for which an image that was there is taken to be there still; a service asks for it often


class _Pull:
    """A pull under way and how many wait for it."""

    def __init__(self, task: asyncio.Task[str | None]) -> None:
        self.task = task
        self.waiting = 0


class Pulls:
    """The images of one engine."""

    def __init__(self, engine: Engine, policy: PullPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._under_way: dict[str, _Pull] = {}
        self._given_up: set[asyncio.Task[str | None]] = set()
        self._seen: dict[str, tuple[float, str | None]] = {}

    async def obtain(self, image: str) -> str | None:
        """Make the image available; its digest, `sha256:…`. Raises EngineError with Docker's words."""
        if self._policy != "always":
            try:
                return await self._local(image)
            except EngineError as error:
                if error.status != 404 or self._policy == "never":
                    raise
        return await self._shared_pull(image)

    async def close(self) -> None:
        """Give up every pull."""
        for image in list(self._under_way):
            self._give_up(image)
        await asyncio.gather(*self._given_up, return_exceptions=True)

    async def _local(self, image: str) -> str | None:
        now = asyncio.get_running_loop().time()
        until, digest = self._seen.get(image, (0.0, None))
        if now < until:
            return digest
        digest = _digest(await self._engine.call("GET", f"images/{with_tag(image)}/json"))
        self._seen[image] = (now + REMEMBERED, digest)
        return digest

    async def _shared_pull(self, image: str) -> str | None:
        pull = self._under_way.get(image)
        if pull is None:
            pull = self._under_way[image] = _Pull(asyncio.create_task(self._pull(image)))
        pull.waiting += 1
        try:
            return await asyncio.shield(pull.task)
        finally:
            pull.waiting -= 1
            if not pull.waiting and self._under_way.get(image) is pull:
                self._give_up(image)

    async def _pull(self, image: str) -> str | None:
        self._seen.pop(image, None)
        await self._engine.progress("images/create", params={"fromImage": with_tag(image)})
        return await self._local(image)

    def _give_up(self, image: str) -> None:
        """Forget the pull; one that still runs is hung up on."""
        task = self._under_way.pop(image).task
        if not task.done():
            task.cancel()
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)


def with_tag(image: str) -> str:
    """The reference with the tag that is meant when it has none."""
    name = image.rsplit("/", 1)[-1]
    return image if ":" in name or "@" in name else f"{image}:latest"


def full_reference(image: str) -> str:
    """The reference with the registry and repository that Docker fills in, as AWS's messages show it."""
    registry, slash, _ = image.partition("/")
    image = with_tag(image)
    if not slash:
        return f"docker.io/library/{image}"
    return image if "." in registry or ":" in registry or registry == "localhost" else f"docker.io/{image}"


def pull_failure(plan: TaskPlan, image: str, message: str) -> str:
    """The reason that ECS shows: Fargate's containerd and Docker on an instance say it differently."""
    if plan.launch_type == "FARGATE":
        ref = full_reference(image)
        return (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            f"failed to resolve ref {ref}: {message}"
        )
    return f"CannotPullContainerError: Error response from daemon: {message}"


def _digest(image: dict[str, Any]) -> str | None:
    """The digest by which a registry knows the image; its id when it never was in one."""
    known = image.get("RepoDigests") or ()
    return next((name.split("@", 1)[1] for name in known if "@" in name), image.get("Id"))
