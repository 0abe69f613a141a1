"""Capacity providers: which of a strategy's providers the next tasks go to."""

from kecs.core.capacity.strategy import FARGATE_PROVIDERS, assign, launch_type_of

__all__ = ["FARGATE_PROVIDERS", "assign", "launch_type_of"]
