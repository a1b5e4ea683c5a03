"""Modelyard: a governed registry for R models."""

__version__ = "0.1.0"
