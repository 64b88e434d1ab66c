"""The manifest of a checkpoint: what a folder must hold to be complete."""

import os
from collections.abc import Mapping
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.leftovers import lock
from ganzoo.files.names import check_digest, check_name
from ganzoo.files.problems import shown
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_json

MANIFEST = "MANIFEST.json"
SCHEMA = 1
_MOST_BYTES = 8 * 2**20


class Broken(Exception):
    """The reason why a folder is not a valid checkpoint."""


def folder_name(step: int) -> str:
    """The name of a checkpoint's folder."""
    return f"step-{step:08d}"


def listing(files: Mapping[str, bytes]) -> dict[str, dict]:
    """The size and sha256 of each file, as a manifest lists them."""
    return {name: {"size": len(data), "sha256": bytes_digest(data)} for name, data in files.items()}


def manifest_text(step: int, files: dict[str, dict], about: dict) -> str:
    """The one text of a manifest, with the digest of everything else in it.

    Args:
        step: The game's step.
        files: From `listing`.
        about: Anything that JSON can hold.
    """
    content = {"schema": SCHEMA, "step": step, "files": files, "about": about}
    digest = bytes_digest(canonical_json(content).encode("utf-8"))
    return canonical_json({**content, "digest": digest}) + "\n"


def verify(folder: Path, contents: dict[str, bytes] | None = None) -> dict:
    """The manifest of a checkpoint in which every byte is as it was saved.

    Args:
        folder: The checkpoint. Nobody removes it meanwhile.
        contents: Filled with the content of each file, if given.

    Raises:
        Broken: Anything is missing, left over or altered.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Broken(f"it cannot be opened ({error.strerror})") from error
    try:
        lock(descriptor, shared=True, wait=True)  # `withdraw` leaves it alone
        manifest = _read(folder)
        files = manifest["files"]
        odd = sorted({*os.listdir(folder)} ^ {MANIFEST, *files})
        if odd:
            raise Broken(f"files missing or left over: {', '.join(map(shown, odd[:3]))}")
        for name in sorted(files):
            data = read_bytes(folder / name, limit=files[name]["size"])
            if {"size": len(data), "sha256": bytes_digest(data)} != files[name]:
                raise Broken(f"{name} is not what was saved")
            if contents is not None:
                contents[name] = data
    except (OSError, GanzooError) as error:
        raise Broken(str(error).rstrip(".")) from error
    finally:
        os.close(descriptor)
    return manifest


def _read(folder: Path) -> dict:
    """The manifest, if it is the one text of its content and belongs to this folder."""
    raw = read_bytes(folder / MANIFEST, limit=_MOST_BYTES)
    manifest = parse_json(raw, MANIFEST)
    if isinstance(manifest, dict) and manifest.get("schema", SCHEMA) != SCHEMA:
        raise Broken(
            f"another version of ganzoo wrote it: expected schema {SCHEMA}. "
            f"Received: {shown(manifest['schema'])}"
        )
    try:
        step, files, about = manifest["step"], manifest["files"], manifest["about"]
        if type(step) is not int or step < 0 or not isinstance(about, dict):
            raise TypeError
        for name, entry in files.items():
            check_name(name, "file name")
            check_digest(entry["sha256"])
            if type(entry["size"]) is not int or entry["size"] < 0 or len(entry) != 2:
                raise TypeError
        if raw != manifest_text(step, files, about).encode("utf-8"):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise Broken(f"{MANIFEST} is not what was saved") from None
    if folder.name != folder_name(step):
        raise Broken(f"it is the checkpoint of step {step}")
    return manifest
