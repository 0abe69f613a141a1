"""The API server: requests, watches of one kind of object, and what its answers mean."""
