"""NAMES: plugins, recipes, cards, the registry and run folders. Never imports Keras.

Nothing here imports a plugin either, save `plugins.load`.

    names.py          who owns a name; problems
    distributions.py  installed distributions that speak of ganzoo
    entries.py        their entry points: plugins
    plugins.py        discover, find, load
    containment.py    what an import may not leave behind
    sources.py        a module's source file, found and parsed without importing it
    signature.py      a function's summary and parameters, from its source
    annotations.py    whether a value fits an annotation
    documents.py      TOML under caps
    validation.py     what pydantic finds wrong, in one line
    optimizers.py     the optimizers and schedules that a recipe can name
    recipe.py         Recipe
    settings.py       key=value
    keywords.py       whether names exist and take their keys
    cards.py          Card; measured.py, its provenance and results
    readme.py         a card's page; usage.py, the code on it and the Hub's word for a model
    home.py           where the user's files are
    registry.py       folders of models, in which names are looked up
    versions.py       a model's versions: numbered folders that never change
    contents.py       what is in a version; aliases.py, removal.py, checkup.py: what is done
    remotes.py        registries elsewhere, and those that the user has added
    runs.py           Run, a folder; run_log.py, its log
"""
