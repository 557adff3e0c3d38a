"""Observe: logs and names of what is watched, and the secrets that none of it may show."""
