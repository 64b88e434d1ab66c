"""Shared parts of the verbs: options, recipes from arguments, printing, progress, failures."""
