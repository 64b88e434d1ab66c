"""A generator as one HTML page, which draws in any browser without a network."""
