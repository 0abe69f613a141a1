"""Services with the deployment controllers EXTERNAL and CODE_DEPLOY, and the task sets that they run.

Such a service has no deployments. Somebody outside makes task sets, scales them and says which one is primary; KECS
runs of each what its scale comes to. Pure; called by `services.ecs` and `control.services.task_sets`.
"""
