"""Images: found on the machine or pulled, as the policy says, and never pulled twice at the same time.

Pulls are shared: whoever asks for an image that is being pulled waits for that pull, and when the last one who waits
gives up, the pull is given up too (engines before 23 finish it all the same). Nothing else waits for a pull.

An image of ECR goes by another name here (`core.tasks.ecr`): that of the first of its names that the engine has, else
that in the registry that stands in for ECR, if there is one.

Who needs an image for a platform (`linux/arm64`) is not given one for another: such a one counts as not there.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, Literal, NamedTuple

from kecs.core.tasks.ecr import names
from kecs.core.tasks.images import full_reference, no_platform, with_tag
from kecs.core.tasks.plan import RegistryLogin
from kecs.runtimes.docker.engine import Engine, EngineError

PullPolicy = Literal["missing", "always", "never"]
_Key = tuple[str, RegistryLogin | None, str | None]  # an image, who pulls it, and for which platform

_NO_REFERENCE = 400  # what the engine answers about a name that no image can have
_OTHER_PLATFORM = 0  # no status of HTTP: the image is there, for another platform
REMEMBERED = 2.0  # seconds for which an image that was there is taken to be there still; a service asks for it often


class _Image(NamedTuple):
    """An image that the engine has."""

    digest: str | None
    platform: str | None  # linux/amd64; None: it does not say, and goes for any


class _Pull:
    """A pull under way and how many wait for it."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.waiting = 0


class Pulls:
    """The images of one engine."""

    def __init__(self, engine: Engine, policy: PullPolicy, ecr_registry: str | None = None) -> None:
        """`ecr_registry`: HOST:PORT of what stands in for Amazon ECR."""
        self._engine = engine
        self._policy = policy
        self._ecr_registry = ecr_registry
        self._under_way: dict[_Key, _Pull] = {}
        self._given_up: set[asyncio.Task[None]] = set()
        self._seen: dict[str, tuple[float, _Image]] = {}

    async def obtain(self, image: str, login: RegistryLogin | None = None, platform: str | None = None) -> str | None:
        """Make the image available; its digest, `sha256:…`. Raises EngineError with Docker's words."""
        if "//" in image:  # which no path of the engine's API can have
            raise EngineError(_NO_REFERENCE, "invalid reference format")
        known = names(image, self._ecr_registry)
        wanted = known[-1] if self._ecr_registry else image
        other: EngineError | None = None  # why the image that is there will not do
        if self._policy != "always" or wanted != known[-1]:
            try:
                return await self._fit(known, platform)
            except EngineError as error:
                if error.status not in (404, _NO_REFERENCE, _OTHER_PLATFORM) or self._policy == "never":
                    raise
                other = error if error.status == _OTHER_PLATFORM else None
        try:
            await self._shared_pull((wanted, login, platform))
            return await self._fit((wanted,), platform)
        except EngineError as error:
            raise other or error from error

    async def name(self, image: str) -> str:
        """What the engine calls an image that is available. Raises EngineError."""
        known = names(image, self._ecr_registry)
        if len(known) == 1:
            return image
        try:
            return (await self._first_local(known[::-1] if self._policy == "always" else known))[0]
        except EngineError as error:
            if error.status != 404:
                raise
            return image  # it is gone again, which creating the container tells

    async def close(self) -> None:
        """Give up every pull."""
        for key in list(self._under_way):
            self._give_up(key)
        await asyncio.gather(*self._given_up, return_exceptions=True)

    async def _fit(self, known: tuple[str, ...], platform: str | None) -> str | None:
        """The digest of the first of these that the engine has; it has to be for the platform. Raises EngineError."""
        found = (await self._first_local(known))[1]
        if platform is not None and found.platform not in (None, platform):
            raise EngineError(_OTHER_PLATFORM, no_platform(platform))
        return found.digest

    async def _first_local(self, known: tuple[str, ...]) -> tuple[str, _Image]:
        """The first of these names that the engine has, and what it is. Raises EngineError, of the first of them."""
        missing: EngineError | None = None
        for name in known:
            try:
                return name, await self._local(name)
            except EngineError as error:
                if error.status != 404:
                    raise
                missing = missing or error
        raise missing or EngineError(404, "No such image")

    async def _local(self, image: str) -> _Image:
        now = asyncio.get_running_loop().time()
        if (seen := self._seen.get(image)) is not None and now < seen[0]:
            return seen[1]
        found = await self._engine.call("GET", f"images/{with_tag(image)}/json")
        system, architecture = found.get("Os"), found.get("Architecture")
        here = _Image(_digest(found), f"{system}/{architecture}" if system and architecture else None)
        self._seen[image] = (now + REMEMBERED, here)
        return here

    async def _shared_pull(self, key: _Key) -> None:
        pull = self._under_way.get(key)
        if pull is None:
            pull = self._under_way[key] = _Pull(asyncio.create_task(self._pull(*key)))
        pull.waiting += 1
        try:
            await asyncio.shield(pull.task)
        finally:
            pull.waiting -= 1
            if not pull.waiting and self._under_way.get(key) is pull:
                self._give_up(key)

    async def _pull(self, image: str, login: RegistryLogin | None, platform: str | None) -> None:
        headers = None if login is None else {"X-Registry-Auth": _authorization(image, login)}
        params = {"fromImage": with_tag(image)} | ({"platform": platform} if platform else {})
        await self._engine.progress("images/create", params=params, headers=headers)
        self._seen.pop(image, None)

    def _give_up(self, key: _Key) -> None:
        """Forget the pull; one that still runs is hung up on."""
        task = self._under_way.pop(key).task
        if not task.done():
            task.cancel()
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)


def _authorization(image: str, login: RegistryLogin) -> str:
    """The login as Docker's header has it; Docker Engine API, "Authentication"."""
    registry = full_reference(image).partition("/")[0]
    auth = {"username": login.username, "password": login.password, "serveraddress": registry}
    return base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()


def _digest(image: dict[str, Any]) -> str | None:
    """The digest by which a registry knows the image; its id when it never was in one."""
    known = image.get("RepoDigests") or ()
    return next((name.split("@", 1)[1] for name in known if "@" in name), image.get("Id"))
