"""KECS measured beside moto, MiniStack and a bare HTTP server; run as `python -m bench`."""
