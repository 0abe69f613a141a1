"""The Kubernetes runtime: ECS tasks as pods. `app` imports it only when it is chosen."""
