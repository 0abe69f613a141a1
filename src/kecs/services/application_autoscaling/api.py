"""The parts of Application Auto Scaling's API; see services.api."""

from __future__ import annotations

from kecs.aws.dialects import Common
from kecs.aws.model import application_autoscaling as a
from kecs.services.api import Parts
from kecs.services.application_autoscaling import HANDLERS

PARTS = Parts(a.OPERATIONS, HANDLERS, Common(a.ValidationException), a.InvalidNextTokenException)
