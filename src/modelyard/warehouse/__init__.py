"""Seam for tables."""
