"""Which cluster it is, who KECS is there, and what it may do."""
