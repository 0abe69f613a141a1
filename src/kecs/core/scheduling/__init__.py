"""How many tasks a service should have, of which deployment, and what to do about the difference. Pure functions."""
