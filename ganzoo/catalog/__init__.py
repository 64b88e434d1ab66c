"""Names: plugins, recipes, cards, the registry and run folders. Never imports Keras.

Nothing here imports a plugin either, save `plugins.discovery.load_plugin`.
"""
