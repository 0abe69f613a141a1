"""HTTP: what happens to a request, in order."""
