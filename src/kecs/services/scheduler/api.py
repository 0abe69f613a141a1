"""The parts of EventBridge Scheduler's API; see services.api."""

from __future__ import annotations

from kecs.aws.dialects import Common
from kecs.aws.model import scheduler as s
from kecs.services.api import Parts
from kecs.services.scheduler import HANDLERS

PARTS = Parts(s.OPERATIONS, HANDLERS, Common(s.ValidationException), s.ValidationException)
