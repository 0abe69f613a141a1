"""Gateways and Express Gateway services: what they may be, the resources behind them, and how they are shown."""
