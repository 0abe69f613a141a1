"""What moto is told to do otherwise than by itself, so that it fits KECS and stays small.

Each of these reaches into moto; tests/companions holds them against the moto that is locked.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from kecs.core.zones import LETTERS, zone_of_subnet

TOKEN_LASTS = timedelta(hours=12)  # of ECR's for a registry
KEPT = 1000  # of what is only kept to be looked at
_TRIES = 100  # one in three ids is in a zone
_wanted = threading.local()


def forget_objects() -> None:
    """moto keeps every object that was ever made, deleted or not, for a page that shows them. Before the first import
    of a service."""
    from moto.core.common_models import BaseModel

    def make(cls: type[Any], *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = make  # type: ignore[method-assign]


def forget_quickly() -> None:
    """moto makes each backend anew when it forgets, and then throws it away. Those with files or containers of their
    own still give them up."""
    from moto.core.base_backend import BaseBackend

    def let_go(_: BaseBackend) -> None:
        """What nothing refers to any more is gone."""

    BaseBackend.reset = let_go  # type: ignore[method-assign,assignment]


def forget() -> None:
    """Forget everything that clients have made."""
    from moto.core.base_backend import AccountSpecificBackend, BackendDict

    BackendDict.reset()
    AccountSpecificBackend._generate_regions.cache_clear()  # noqa: SLF001  # its keys are accounts, with all they have


def after_import() -> None:
    """Whenever a service has been imported, which imports others."""
    if "moto.ec2.models.subnets" in sys.modules:
        _agree_on_zones()
    if "moto.ecr.responses" in sys.modules:
        _let_tokens_last()
    for module, owner, attribute, newest in _GROWING:
        if module in sys.modules:
            _keep_the_newest(module, owner, attribute, newest)


@functools.cache
def _agree_on_zones() -> None:
    """A region has KECS's zones, and a subnet's id says its zone by KECS's rule: then neither has to ask the other."""
    from moto.ec2.models import subnets
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone

    for region, zones in RegionsAndZonesBackend.zones.items():
        there = {zone.name: zone for zone in zones}
        taken = {zone.zone_id for zone in zones if zone.name[-1] in LETTERS}
        ids = (f"{zones[0].zone_id[:-1]}{number}" for number in itertools.count(1))
        free = (name for name in ids if name not in taken)
        for name in (region + letter for letter in LETTERS):
            if name not in there:
                there[name] = Zone(name, region, next(free))
        zones[:] = [there[region + letter] for letter in LETTERS]

    module: Any = subnets
    random_id, create = module.random_subnet_id, subnets.SubnetBackend.create_subnet
    module.random_subnet_id = lambda: _id_in(_wanted.zone, random_id)

    asked = inspect.signature(create)

    @functools.wraps(create)
    def create_subnet(self: Any, *args: Any, **kwargs: Any) -> Any:
        _wanted.zone = _zone_of(self, asked.bind(self, *args, **kwargs).arguments)
        return create(self, *args, **kwargs)

    subnets.SubnetBackend.create_subnet = create_subnet  # type: ignore[method-assign]


@functools.cache
def _let_tokens_last() -> None:
    """moto's tokens for registries have ended long ago, and whoever looks at that does not use them."""
    from moto.ecr.responses import ECRResponse

    give = ECRResponse.get_authorization_token

    @functools.wraps(give)
    def get_authorization_token(self: Any) -> Any:
        given: Any = give(self)
        for token in () if isinstance(given, str) else given.result["authorizationData"]:  # older ones give a text
            token["expiresAt"] = datetime.now(UTC) + TOKEN_LASTS
        return given

    ECRResponse.get_authorization_token = get_authorization_token  # type: ignore[method-assign]


class Handles(set[str]):
    """The newest texts that were put in."""

    def __init__(self) -> None:
        super().__init__()
        self._order: deque[str] = deque()

    def update(self, *others: Any) -> None:
        for text in itertools.chain(*others):
            if text not in self:
                self._order.append(text)
                self.add(text)
        while len(self._order) > KEPT:
            self.discard(self._order.popleft())


# What moto keeps for nobody who could ask for it here: module, class, attribute, and what it becomes.
_GROWING: list[tuple[str, str, str, Callable[[], Any]]] = [
    ("moto.sns.models", "Topic", "sent_notifications", lambda: deque(maxlen=KEPT)),
    ("moto.ses.models", "SESBackend", "sent_messages", lambda: deque(maxlen=KEPT)),
    ("moto.sqs.models", "Queue", "deleted_messages", Handles),
]


@functools.cache
def _keep_the_newest(module: str, owner: str, attribute: str, newest: Callable[[], Any]) -> None:
    kind: Any = getattr(sys.modules[module], owner)
    begin = kind.__init__

    @functools.wraps(begin)
    def begin_with_less(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        setattr(self, attribute, newest())

    kind.__init__ = begin_with_less


def _zone_of(backend: Any, asked: dict[str, Any]) -> str:
    if asked.get("availability_zone"):
        return str(asked["availability_zone"])
    zones = backend.describe_availability_zones(zone_ids=[asked.get("availability_zone_id")])
    return str(zones[0].name) if zones else ""


def _id_in(zone: str, random_id: Callable[[], str]) -> str:
    """A subnet's id that is in the zone by KECS's rule; any one for a zone that KECS does not know."""
    found = random_id()
    for _ in range(_TRIES):
        if zone_of_subnet(found, zone[:-1]) == zone:
            break
        found = random_id()
    return found
