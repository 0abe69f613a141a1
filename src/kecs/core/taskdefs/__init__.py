"""Task definitions as ECS understands them: normalised, validated, referred to, overridden. All of it pure.

`register` is what RegisterTaskDefinition calls; `overrides` and `requirements` serve RunTask and the service scheduler.
"""
