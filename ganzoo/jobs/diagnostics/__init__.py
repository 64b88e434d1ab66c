"""Diagnoses of a training that has gone wrong: evidence, thresholds, and what to try."""
