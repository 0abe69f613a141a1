"""The parts of ECS's API; see services.api."""

from __future__ import annotations

from kecs.aws.dialects import Ecs
from kecs.aws.model import ecs as m
from kecs.services.api import Parts
from kecs.services.ecs import HANDLERS
from kecs.services.ecs.clusters import ensure_default_cluster

PARTS = Parts(m.OPERATIONS, HANDLERS, Ecs(), m.InvalidParameterException, ensure_default_cluster)
