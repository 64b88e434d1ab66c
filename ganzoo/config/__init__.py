"""Settings of a GAN, each defined once without a framework: for recipes, `compile` and reports."""
