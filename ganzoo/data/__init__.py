"""Images on their way to the game: data sets, their order, decoding and the prepared cache."""
