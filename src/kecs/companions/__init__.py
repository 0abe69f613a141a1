"""Other services that KECS works with: each module speaks to one of them, which runs somewhere else."""
