"""Container instances: where they come from, what becomes of them."""
