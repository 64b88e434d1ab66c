"""A training on several devices: how many, who starts the processes, and how they join."""
