"""Container instances: how one comes about, what it offers, which attributes it has, how it is shown.

Pure; called by the handlers, by the built-in local instance and by whatever adds capacity.
"""

from kecs.core.instances.capabilities import has_agent, is_external
from kecs.core.instances.new import Machine, new_instance, resources

__all__ = ["Machine", "has_agent", "is_external", "new_instance", "resources"]
