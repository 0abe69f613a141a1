"""What a task's containers are given from outside: secrets, environment files, logins of registries. All of it pure.

`control.inputs` asks for the `lookups` of a task before the runtime may create anything, and has the plan `equipped`
with what was answered. The values are in that plan and nowhere else: nothing here is ever written down.
"""
