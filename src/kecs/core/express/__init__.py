"""Express Gateway services: what their requests may say, the service and task definition that are made of them, the
resources around those, and how it all is shown."""
