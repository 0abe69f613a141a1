"""How pods reach KECS."""
