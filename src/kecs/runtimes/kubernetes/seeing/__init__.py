"""What pods say of themselves, in ECS's words: reports, reasons, what is found after a start."""
