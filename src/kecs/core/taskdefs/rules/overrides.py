"""The rules that still hold when RunTask has changed a definition: those about what can be overridden."""

from __future__ import annotations

from kecs.core.taskdefs.rules import environment, identity, resources
from kecs.core.taskdefs.rules.common import Rule

RULES: tuple[Rule, ...] = (*identity.OVERRIDABLE, *environment.OVERRIDABLE, *resources.OVERRIDABLE)
