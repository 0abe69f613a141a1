"""The service loop, and its hands: each has a part of a service to see to."""
