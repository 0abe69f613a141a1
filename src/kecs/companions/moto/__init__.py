"""moto, which plays AWS's other services, in a process of its own (docs/adr/0009). `process` is KECS's side of it,
`__main__` the other; only that one imports moto.
"""
