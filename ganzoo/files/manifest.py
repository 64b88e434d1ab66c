"""The manifest of a checkpoint: what a folder must hold to be complete."""

from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.listed import Broken, check_entry, check_names, held, listing, read_listed
from ganzoo.files.names import check_name
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_json
from ganzoo.files.text import quote

__all__ = ["MANIFEST", "SCHEMA", "Broken", "folder_name", "listing", "manifest_text", "verify"]

MANIFEST = "MANIFEST.json"
SCHEMA = 1
_MOST_BYTES = 8 * 2**20


def folder_name(step: int) -> str:
    """The name of a checkpoint's folder."""
    return f"step-{step:08d}"


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
        with held(folder):
            manifest = _read(folder)
            files = manifest["files"]
            check_names(folder, {MANIFEST, *files})
            for name in sorted(files):
                data = read_listed(folder / name, files[name])
                if contents is not None:
                    contents[name] = data
    except (OSError, GanzooError) as error:
        raise Broken(str(error).rstrip(".")) from error
    return manifest


def _read(folder: Path) -> dict:
    """The manifest, if it is the one text of its content and belongs to this folder."""
    raw = read_bytes(folder / MANIFEST, limit=_MOST_BYTES)
    manifest = parse_json(raw, MANIFEST)
    if isinstance(manifest, dict) and manifest.get("schema", SCHEMA) != SCHEMA:
        raise Broken(
            f"another version of ganzoo wrote it: expected schema {SCHEMA}. "
            f"Received: {quote(manifest['schema'])}"
        )
    try:
        step, files, about = manifest["step"], manifest["files"], manifest["about"]
        if type(step) is not int or step < 0 or not isinstance(about, dict):
            raise TypeError
        for name, entry in files.items():
            check_name(name, "file name")
            check_entry(entry)
        if raw != manifest_text(step, files, about).encode("utf-8"):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise Broken(f"{MANIFEST} is not what was saved") from None
    if folder.name != folder_name(step):
        raise Broken(f"it is the checkpoint of step {step}")
    return manifest
