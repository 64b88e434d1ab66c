"""Type of tensors in signatures."""

from typing import Any

Tensor = Any  #: A tensor of the framework in use.
