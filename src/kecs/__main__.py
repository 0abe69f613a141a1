"""`python -m kecs` is the `kecs` command."""

from kecs.cli.main import main

main()
