"""What users have go wrong on purpose: what there is of it, with whom, how often, and in which words of ECS's.

`kinds` is the table of what can go wrong, `reading` makes a `Fault` of what a user says, `matching` says whether it
strikes a `Subject`, `reasons` what ECS would show. Chance is an argument. `control.faults` brings about what has to do
with tasks, `gateway.faults` what has to do with calls of the API.
"""
