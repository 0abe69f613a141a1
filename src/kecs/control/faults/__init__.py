"""Faults that users set, as far as they have to do with tasks: `book` keeps them, `between` stands before the runtime,
`placement` before what looks for a place, `deeds` are done at once. `app.faults` puts them together.
"""
