"""BYTES: what is read from and written to disk, strictly and atomically.

No other room opens a weights file, renames a file into place or hashes one. Imports
numpy at most, never Keras or a framework.

    names.py         names and paths that may be joined to a folder
    strict_json.py   canonical JSON out, strict JSON in
    digests.py       sha256 of bytes, files and tensors
    reading.py       plain reads of regular files
    arrays.py        numpy arrays as little-endian bytes and back
    header.py        the header of a safetensors file, checked before anything else
    safetensors.py   whole files: load, dump, save
    publish.py       a file or folder appears whole or not at all
    leftovers.py     temporaries: named, locked, reclaimed
    text.py          text that no terminal or page obeys
    listed.py        folders with a manifest that lists every file
    checkpoints.py   folders with a manifest; the newest valid one wins
"""
