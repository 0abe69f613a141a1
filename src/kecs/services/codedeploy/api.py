"""The parts of CodeDeploy's API; see services.api."""

from __future__ import annotations

from kecs.aws.codedeploy import CodeDeploy
from kecs.aws.model import codedeploy as c
from kecs.services.api import Parts
from kecs.services.codedeploy import HANDLERS

PARTS = Parts(c.OPERATIONS, HANDLERS, CodeDeploy(), c.InvalidNextTokenException)
