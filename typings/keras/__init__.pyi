"""Keras without types: it ships none, and those that are inferred from its source say `None`
for every shape and every op. The rules of the checker stay on for our own code.
"""

from typing import Any

def __getattr__(name: str) -> Any: ...
