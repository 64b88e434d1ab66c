"""Monitoring of runs: their report while they go on, watched and compared."""
