"""Predict: one way in for every pattern."""
