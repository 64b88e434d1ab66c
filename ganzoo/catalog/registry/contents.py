"""Contents of a version of a model: which files, and the manifest that lists them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import InvalidInput
from ganzoo.files.manifests import check_digest, check_entry
from ganzoo.files.strict_json import canonical_json, parse_json
from ganzoo.files.text import quote

if TYPE_CHECKING:
    from ganzoo.catalog.registry.cards import Card

MANIFEST = "manifest.json"
CARD = "card.toml"
GENERATOR = "generator.safetensors"
EVERYTHING = "everything.safetensors"
DIRECTIONS = "directions.safetensors"
README = "README.md"
SAMPLES = "samples.png"
AUDIO = "samples.wav"
VIDEO = "samples.gif"
SAMPLE_FILES = (SAMPLES, AUDIO, VIDEO)
FILES = (CARD, GENERATOR, EVERYTHING, DIRECTIONS, README, *SAMPLE_FILES)  # a version holds no other
REQUIRED = (CARD, GENERATOR)
SCHEMA = 1
MAX_MANIFEST_BYTES = 64 * 1024

# The most bytes that a file may have, by its name: who publishes it may be a stranger.
MAX_BYTES = {
    CARD: 256 * 1024,
    GENERATOR: 64 * 2**30,
    EVERYTHING: 64 * 2**30,
    DIRECTIONS: 64 * 2**20,
    README: 4 * 2**20,
    **dict.fromkeys(SAMPLE_FILES, 64 * 2**20),
}

_PLUGIN_KEYS = {"name", "distribution", "version", "digest"}


class OtherSchema(InvalidInput):
    """A manifest of another form, which another version of ganzoo can read: no damage."""


def parse_manifest(raw: bytes, model: str) -> dict[str, Any]:
    """Return the tables of a manifest, if it is the one text of its content.

    Raises:
        InvalidInput: It is something else, or another model's.
    """
    manifest: Any = parse_json(raw, MANIFEST)
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
        if entry["size"] > MAX_BYTES[name]:
            raise InvalidInput(
                f"{name} of a version is too large. Expected: at most {MAX_BYTES[name]:,} bytes. "
                f"Received: {quote(entry['size'])}."
            )
    return manifest


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Return the one text of a manifest."""
    return canonical_json(dict(manifest), indent=2) + "\n"


def without_readme(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without its README: equal for versions that are the same."""
    files = {name: entry for name, entry in manifest["files"].items() if name != README}
    return {**manifest, "files": files}


def parse_card(content: bytes, model: str, where: str) -> "Card":
    """Return the card in a version; `InvalidInput` if it is none, or another model's."""
    from ganzoo.catalog.registry.cards import Card  # pydantic, for whoever reads cards only
    from ganzoo.files.toml import parse_toml

    card = Card.from_tables(parse_toml(content, where=where), where=where)
    if card.name != model:
        raise InvalidInput(f"`name` in {where} must be {model!r}. Received: {card.name!r}.")
    return card
