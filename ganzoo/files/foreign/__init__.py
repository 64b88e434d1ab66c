"""Weights files of other libraries, read without running anything that they hold.

A file is read from the disk where an array is asked for, and only that array. What a hostile
one can cost is bounded: values, names, depth, and bytes of arrays in proportion to the file.
"""

from ganzoo.files.foreign.conversion import Conversion
from ganzoo.files.foreign.foreign_weights import ForeignWeights, LazyArray, open_weights
from ganzoo.files.foreign.keras_layers import keras_layers

__all__ = ["Conversion", "ForeignWeights", "LazyArray", "keras_layers", "open_weights"]
