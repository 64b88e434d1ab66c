"""What is in a version of a model: which files, and the manifest that lists them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.listed import check_entry, listing
from ganzoo.files.names import check_digest
from ganzoo.files.text import quote
from ganzoo.files.strict_json import canonical_json, parse_json

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

MANIFEST = "manifest.json"
CARD = "card.toml"
GENERATOR = "generator.safetensors"
EVERYTHING = "everything.safetensors"
README = "README.md"
SAMPLES = "samples.png"
SOUND = "samples.wav"
FILM = "samples.gif"
MOVING = (SOUND, FILM)  # what the picture does not show
FILES = (CARD, GENERATOR, EVERYTHING, README, SAMPLES, *MOVING)  # a version holds no other
REQUIRED = (CARD, GENERATOR)
SCHEMA = 1
MOST_MANIFEST_BYTES = 64 * 1024

# The most bytes that a file may have, by its name: who publishes it may be a stranger.
MOST_BYTES = {
    CARD: 256 * 1024,
    GENERATOR: 64 * 2**30,
    EVERYTHING: 64 * 2**30,
    README: 4 * 2**20,
    SAMPLES: 64 * 2**20,
    SOUND: 64 * 2**20,
    FILM: 64 * 2**20,
}

_PLUGIN_KEYS = {"name", "distribution", "version", "digest"}


class OtherSchema(InvalidInput):
    """A manifest of another form, which another version of ganzoo can read: no damage."""


def contents_of(
    model: str,
    files: Mapping[str, bytes],
    *,
    plugins: Mapping[str, Mapping[str, str]] | None = None,
    parent: str | None = None,
) -> tuple[dict[str, bytes], str]:
    """The files of a version, checked and with a README, and its manifest; see `create`."""
    odd = sorted(set(files) - set(FILES))
    lacking = [name for name in REQUIRED if name not in files]
    if odd or lacking:
        raise UsageError(
            f"A version holds {', '.join(FILES)}, of which {' and '.join(REQUIRED)} must be there. "
            f"Received: {', '.join(map(quote, sorted(files)))}."
        )
    card = parse_card(files[CARD], model, CARD)
    files = dict(files)
    if README not in files:
        from ganzoo.catalog.registry.model_card import readme

        files[README] = readme(card, _about(files[GENERATOR]), beside=files).encode("utf-8")
    manifest = {
        "schema": SCHEMA,
        "model": model,
        "parent": parent,
        "plugins": {kind: dict(plugin) for kind, plugin in (plugins or {}).items()},
        "files": listing(files),
    }
    text = manifest_text(manifest)
    parse_manifest(text.encode("utf-8"), model)
    return files, text


def _about(weights: bytes) -> dict[str, Any]:
    """What weights say of themselves; whether they are any is found out by whoever loads them."""
    from ganzoo.files import safetensors  # NumPy, for whoever publishes only

    try:
        return safetensors.metadata(weights)
    except InvalidInput:
        return {}


def parse_manifest(raw: bytes, model: str) -> dict[str, Any]:
    """What a manifest says, if it is the one text of its content.

    Raises:
        InvalidInput: It is something else, or another model's.
    """
    manifest = parse_json(raw, MANIFEST)
    schema = manifest.get("schema", SCHEMA) if isinstance(manifest, dict) else SCHEMA
    if type(schema) is not int or schema != SCHEMA:
        raise OtherSchema(
            f"Another version of ganzoo wrote {MANIFEST}: expected schema {SCHEMA}. "
            f"Received: {quote(schema)}."
        )
    try:
        if set(manifest) != {"schema", "model", "parent", "plugins", "files"}:
            raise TypeError
        if manifest["parent"] is not None:
            check_digest(manifest["parent"])
        for name, entry in manifest["files"].items():
            check_entry(entry)
            if name not in FILES:
                raise TypeError
        for kind, plugin in manifest["plugins"].items():
            if kind not in ("architecture", "dataset") or not set(plugin) <= _PLUGIN_KEYS:
                raise TypeError
            if not all(isinstance(text, str) and len(text) <= 200 for text in plugin.values()):
                raise TypeError
        text = manifest_text(manifest)
        if not set(REQUIRED) <= set(manifest["files"]) or raw != text.encode("utf-8"):
            raise TypeError
    except (TypeError, KeyError, AttributeError, InvalidInput):
        raise InvalidInput(f"{MANIFEST} is not the manifest of a version.") from None
    if manifest["model"] != model:
        raise InvalidInput(
            f"{MANIFEST} must be that of {model!r}. Received: {quote(manifest['model'])}."
        )
    for name, entry in manifest["files"].items():
        if entry["size"] > MOST_BYTES[name]:
            raise InvalidInput(
                f"{name} of a version is too large. Expected: at most {MOST_BYTES[name]:,} bytes. "
                f"Received: {quote(entry['size'])}."
            )
    return manifest


def parse_card(content: bytes, model: str, where: str) -> "Card":
    """The card in a version; `InvalidInput` if it is none, or another model's."""
    from ganzoo.catalog.registry.cards import Card  # pydantic, for whoever reads cards only
    from ganzoo.files.toml import parse_toml

    card = Card.from_tables(parse_toml(content, where=where), where=where)
    if card.name != model:
        raise InvalidInput(f"`name` in {where} must be {model!r}. Received: {card.name!r}.")
    return card


def manifest_text(manifest: dict[str, Any]) -> str:
    """The one text of a manifest."""
    return canonical_json(manifest, indent=2) + "\n"
