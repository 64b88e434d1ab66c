"""Generators in the formats of others, and as one HTML page that draws in any browser."""
