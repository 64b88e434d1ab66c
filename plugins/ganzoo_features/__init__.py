"""The zoo's own feature extractors, reached by entry point only."""
