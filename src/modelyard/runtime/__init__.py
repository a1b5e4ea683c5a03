"""Seam for models: how a flavour is loaded and asked."""
