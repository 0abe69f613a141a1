"""Daemons of Managed Instances: one task of each on every instance of its capacity providers, before any other task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons.html

`definition` is about daemon task definitions and `validate` about what a daemon may be asked for: handlers call them.
`fleet` sees a daemon's instances as they are, `schedule` says what to do about them, `rollout` where that leaves the
deployment, and `instances` when an instance is ready for other tasks or done with: `control.daemons` calls these.
`view` is what the API shows.
"""
