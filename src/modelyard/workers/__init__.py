"""Joins compute and runtime: warm workers, lent one request at a time."""
