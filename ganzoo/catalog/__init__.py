"""Names: plugins, recipes, cards, the registry and run folders. Never imports Keras."""
