"""Files: reading and writing them strictly and atomically.

No other package opens a weights file, renames a file into place or hashes one. Imports
NumPy at most, never Keras or a framework.

    names.py         names and paths that may be joined to a folder
    text.py          text that no terminal or page obeys
    problems.py      errors of the operating system in one line
    strict_json.py   canonical JSON out, strict JSON in
    toml.py          TOML documents, read strictly and under limits
    home.py          folders that belong to the user
    reading.py       plain reads of regular files
    digests.py       SHA-256 of bytes, files and tensors
    leftovers.py     temporary files: named, locked, removed
    publish.py       a file or folder appears whole or not at all
    listed.py        folders with a manifest that lists every file
    safetensors.py   weights files
    checkpoints.py   folders of a training's state; the newest valid one wins
"""
