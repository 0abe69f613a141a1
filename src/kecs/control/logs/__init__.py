"""Containers' output: taken in, and followed."""
