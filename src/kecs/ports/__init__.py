"""The protocols between the layers; see docs/architecture.md."""
