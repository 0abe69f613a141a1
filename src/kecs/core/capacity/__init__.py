"""Capacity providers: what they are, which of a strategy's the next tasks go to, and how many instances one has.

`strategy` shares tasks out; `providers` and `managed` are the two kinds that a caller can make, `association` ties them
to clusters; `scaling` decides about instances, by `bins` and `instance_types`.
"""

from kecs.core.capacity.strategy import FARGATE_PROVIDERS, assign, beyond_share, launch_type_of

__all__ = ["FARGATE_PROVIDERS", "assign", "beyond_share", "launch_type_of"]
