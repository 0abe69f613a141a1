"""Service deployments and service revisions: the history of a service, as pure functions of its rolling deployments."""
