"""A shop: orders come in over HTTP, are paid, are shipped, and are counted at the end of the day.

Nothing here knows where it runs. Each part gets its settings and a way to make AWS clients; `__main__` hands it those
of a container, and a test those of a simulated one.
"""
