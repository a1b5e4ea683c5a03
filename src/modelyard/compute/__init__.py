"""Seam for work: where processes run."""
