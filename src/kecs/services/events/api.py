"""The parts of EventBridge's API; see services.api."""

from __future__ import annotations

from kecs.aws.dialects import Common
from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.services.api import Parts
from kecs.services.events import HANDLERS

PARTS = Parts(e.OPERATIONS, HANDLERS, Common(ValidationException), ValidationException)
