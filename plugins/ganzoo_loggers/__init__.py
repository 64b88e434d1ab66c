"""The zoo's loggers: one file for each place in which a training can be logged."""
