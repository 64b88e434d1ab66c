"""Bundle: the files of a version and their manifest, ready to be published anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.catalog.registry.contents import (
    CARD,
    FILES,
    GENERATOR,
    README,
    REQUIRED,
    SCHEMA,
    manifest_text,
    parse_card,
    parse_manifest,
)
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.manifests import check_name, listing
from ganzoo.files.text import quote
from ganzoo.jobs.hub.model_card import render_model_card


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Files and manifest of a version.

    Args:
        model: The model's name.
        files: Content of each file by name, without the manifest.
        manifest: Text of the manifest.
        signature: Signature of the manifest, if it has one.
    """

    model: str
    files: dict[str, bytes]
    manifest: str
    signature: bytes | None = None

    @property
    def digest(self) -> str:
        """Digest of the version that it becomes."""
        return bytes_digest(self.manifest.encode("utf-8"))

    def parsed_manifest(self) -> dict[str, Any]:
        """Return the manifest as tables."""
        return parse_manifest(self.manifest.encode("utf-8"), self.model)


def build_bundle(
    model: str,
    files: Mapping[str, bytes],
    *,
    plugins: Mapping[str, Mapping[str, str]] | None = None,
    parent: str | None = None,
) -> Bundle:
    """Build a bundle from the files of a version, checked.

    Args:
        model: The model's name, which is also the card's.
        files: Content of each file by name: at least `card.toml` and `generator.safetensors`.
            The model card `README.md` is written from them unless it is given.
        plugins: Name, distribution, version and digest of the architecture and data set.
        parent: Digest of the version that these weights come from, if they do.

    Raises:
        UsageError: A name that no model or file of a version may have.
        InvalidInput: The card is none, or another model's.
    """
    check_name(model, "model name", error=UsageError)
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
        page = render_model_card(card, _weights_metadata(files[GENERATOR]), files=files)
        files[README] = page.encode("utf-8")
    manifest = {
        "schema": SCHEMA,
        "model": model,
        "parent": parent,
        "plugins": {kind: dict(plugin) for kind, plugin in (plugins or {}).items()},
        "files": listing(files),
    }
    bundle = Bundle(model=model, files=files, manifest=manifest_text(manifest))
    bundle.parsed_manifest()
    return bundle


def _weights_metadata(weights: bytes) -> dict[str, Any]:
    """Metadata of weights; whether they can be read is found out by whoever loads them."""
    from ganzoo.files import safetensors  # NumPy, for whoever publishes only

    try:
        return safetensors.metadata(weights)
    except InvalidInput:
        return {}
