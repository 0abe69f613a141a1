"""What containers call: the listeners through which they reach KECS."""
