"""KECS: Amazon ECS on your own machine. docs/architecture.md is the map of this package."""

__version__ = "0.1.0"
