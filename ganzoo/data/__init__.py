"""Data sets on their way to the GAN: reading, decoding, the cache, and the order of batches."""
