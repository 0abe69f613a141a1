"""The shop for its tests. In test mode its parts are functions of this process, elsewhere containers of its image."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kecs.testing import Server, wait_for_stable_service

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from shop import workers  # noqa: E402
from shop.orders import PORT, Orders  # noqa: E402

from deploy import Shop  # noqa: E402

PARTS = ("orders", "payment", "shipping", "report")


@pytest.fixture(scope="session")
def images(kecs: Server) -> None:
    """What `shop-orders:1` and its siblings are."""
    if kecs.runtime != "simulated":
        _build()
        return

    @kecs.image("shop-orders:*")
    def orders(container: Any) -> None:
        container.serve(PORT, wsgi=Orders(container.environment, container.client))

    @kecs.image("shop-payment:*")
    def payment(container: Any) -> None:
        workers.payment(container.environment, container.client, container.stopping.is_set)

    @kecs.image("shop-shipping:*")
    def shipping(container: Any) -> None:
        workers.shipping(container.environment, container.client, container.stopping.is_set)

    @kecs.image("shop-report:*")
    def report(container: Any) -> int:
        return workers.report(container.environment, container.client)


@pytest.fixture
def shop(images: None, kecs: Server, ecs: Any, ecs_cluster: str) -> Shop:
    """A shop that is open."""
    shop = Shop(kecs.client, ecs_cluster)
    shop.set_up()
    for part, count in {"orders": 2, "payment": 1, "shipping": 1}.items():
        shop.serve(part, count)
    for part in ("orders", "payment", "shipping"):
        wait_for_stable_service(ecs, ecs_cluster, part)
    return shop


def _build() -> None:
    """The image, under every name that the task definitions have. SHOP_BASE is another base than the usual one."""
    base = [f"--build-arg=BASE={os.environ['SHOP_BASE']}"] if "SHOP_BASE" in os.environ else []
    tags = [f"--tag=shop-{part}:{version}" for part in PARTS for version in (1, 2)]
    subprocess.run(["docker", "build", "--quiet", *base, *tags, ROOT], check=True, stdout=subprocess.DEVNULL)
