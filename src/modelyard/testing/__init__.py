"""Contract tests of the seams; a backend's test is a subclass with one fixture."""
