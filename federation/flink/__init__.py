"""The only door to PyFlink: its jars, its Java and the job graph."""
