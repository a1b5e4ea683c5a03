"""Seam for rows: the database of record."""
