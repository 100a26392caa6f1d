"""Pruning: which weights go, when, and what that saves."""
