"""Seam for bytes: content-addressed by SHA-256."""
