"""A task as Kubernetes has to be told of it: a pod, its claims and its Secret. Pure; `gate` sends what these say."""
