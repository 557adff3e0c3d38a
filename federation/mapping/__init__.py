"""What every mapping rule means, as plain Python: the reference that the engine is held to."""
