"""Training loops without Keras, as one would write them by hand for one framework.

The networks and the step are written once, over a dozen functions that each framework has a file
of. Weights have the names of ganzoo's, so that both start from the same ones.
"""
