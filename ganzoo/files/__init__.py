"""Files: reading and writing them strictly and atomically.

No other package opens a weights file, renames a file into place or hashes one. Imports
NumPy at most, never Keras or a framework.

    text.py          values, text and errors of the system in messages
    strict_json.py   canonical JSON out, strict JSON in
    toml.py          TOML documents, read strictly and under limits
    home.py          folders that belong to the user
    reading.py       plain reads of regular files
    digests.py       SHA-256 of bytes, files and tensors
    leftovers.py     temporary files: named, locked, removed
    publish.py       a file or folder appears whole or not at all
    manifests.py     names, and folders with a manifest that lists every file
    safetensors.py   weights files
    checkpoints.py   folders of a training's state; the newest valid one wins
    hub_client.py    the client of the Hugging Face Hub
"""
