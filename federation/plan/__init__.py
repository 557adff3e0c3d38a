"""The plan: configuration and facts become everything that a start will do."""
