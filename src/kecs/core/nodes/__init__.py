"""Nodes of a runtime as container instances: whose they are, what is told of them, what becomes of both.

`belonging` says which clusters a node is in, `instances` makes its container instance and keeps that up to date,
`upkeep` decides what is to be done when either has changed. `control.instances.nodes` and the handlers carry it out.
"""
