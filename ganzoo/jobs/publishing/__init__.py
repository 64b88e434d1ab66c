"""Versions of models: push, import, verify, manage."""
