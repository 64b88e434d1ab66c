"""An HTML page that holds a generator and all that draws with it, or has its weights in a file.

It needs no network. A folder of it is ready as a static Space of the Hugging Face Hub.
"""

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ganzoo import __version__
from ganzoo.errors import UsageError
from ganzoo.gan import random
from ganzoo.gan.latents.principal_directions import find_directions
from ganzoo.gan.latents.spaces import StyleNetworks
from ganzoo.gan.latents.tracing import trace
from ganzoo.jobs.formats.network_plan import write_plan
from ganzoo.jobs.hub.model_card import escape_markdown

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_SCRIPTS = ("random.js", "network.js", "view.js")
_WEIGHTS = "weights.js"
_DIRECTIONS = 6
_LATENTS = 64  # seeds whose latents are in the page where it cannot draw them


def write_page(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    """Write a page.

    Args:
        gan: The GAN; its generator is drawn with.
        facts: What is known of it; see `ganzoo.jobs.formats.onnx_file.onnx_facts`.
        path: The file.

    Raises:
        UsageError: The generator computes what pages cannot.
    """
    model, weights = page_contents(gan, facts, Path(path).stem)
    Path(path).write_text(_fill(model, weights, ""), encoding="utf-8")


def write_page_folder(gan: "GAN", facts: Mapping[str, Any], path: str) -> None:
    """Fill a folder with a page, its weights and a README.md, as static Spaces have it.

    Args:
        gan, facts: See `write_page`.
        path: The folder, which is there.

    Raises:
        UsageError: The generator computes what pages cannot.
    """
    for name, content in files_of_page(*page_contents(gan, facts)).items():
        (Path(path) / name).write_bytes(content)


def files_of_page(model: Mapping[str, Any], weights: str) -> dict[str, bytes]:
    """Return the files of a page's folder by name, of `page_contents`; see `write_page_folder`."""
    # a script, which a page may read from disk too, where no other file can be read
    script = f'document.getElementById("weights").textContent = "{weights}";\n'
    # JSON is YAML, and quotes whatever a stranger named a model
    title = json.dumps(str(model["title"]))
    text = escape_markdown(f"{model['about']}. {_foot(model['facts'])}.")
    readme = f"---\ntitle: {title}\nsdk: static\n---\n\n{text}\n"
    page = _fill(model, "", f'<script src="{_WEIGHTS}"></script>')
    files = {"index.html": page, _WEIGHTS: script, "README.md": readme}
    return {name: text.encode("utf-8") for name, text in files.items()}


def page_contents(
    gan: "GAN", facts: Mapping[str, Any], name: str = "Generator"
) -> tuple[dict[str, Any], str]:
    """Return all that a page says of its model, and the weights in base64."""
    sampler = gan.sampler
    generator, styles, soft = soft_networks(gan)
    traced = trace(generator, sampler.psi, styles)
    plan = write_plan(traced)
    weights = plan.pop("weights")
    model = {
        "title": str(facts.get("model") or name),
        "about": _about(gan, facts),
        "facts": {**facts, "value_range": list(sampler.value_range)},
        "plan": plan,
        **about_directions(gan),
        "truncates": _truncates(gan),
        "classes": sampler.num_classes,
        "soft": soft,
        **about_prior(gan),
    }
    return model, weights


def soft_networks(gan: "GAN") -> tuple[keras.Model, StyleNetworks | None, bool]:
    """Generator and style networks, of soft labels if they take classes; and whether they do."""
    styles = gan.style_networks
    try:
        generator = gan.sampler.soft.generator
    except UsageError:  # no classes, or nothing between two of them
        return gan.generator, styles, False
    if styles is not None:
        mapping = gan.sampler.of("mapping", lambda: styles.mapping).soft.generator
        styles = StyleNetworks(mapping, styles.synthesis)
    return generator, styles, True


def about_directions(gan: "GAN") -> dict[str, Any]:
    """Directions of sliders, one standard deviation long."""
    labels = gan.sampler.label_shape
    if 0 in gan.sampler.latent_shape or (labels is not None and len(labels) > 1):
        return {"directions": []}
    found = find_directions(gan, count=_DIRECTIONS)
    rows = (found.unit * found.vectors).tolist()
    return {"directions": [[round(x, 5) for x in row] for row in rows]}


def about_prior(gan: "GAN") -> dict[str, Any]:
    """The name of a prior that a page draws by itself, or the latents of some seeds."""
    sampler = gan.sampler
    known = {random.normal: "normal", random.uniform: "uniform"}
    if sampler.prior in known:
        return {"prior": known[sampler.prior]}
    latents = [
        np.asarray(ops.convert_to_numpy(sampler.sample_latents(1, seed)), "float64").ravel()
        for seed in range(_LATENTS)
    ]
    return {"prior": None, "latents": [row.tolist() for row in latents]}


def _truncates(gan: "GAN") -> str | None:
    if gan.sampler.psi is not None:
        return "psi"
    return "latents" if gan.sampler.prior is random.normal else None


def _about(gan: "GAN", facts: Mapping[str, Any]) -> str:
    size = " x ".join(map(str, facts["sample_shape"]))
    return f"{facts['samples'].capitalize()} of {size}, {gan.generator.count_params():,} parameters"


def _foot(facts: Mapping[str, Any]) -> str:
    stated = facts.get("license") or "not stated"
    if isinstance(stated, Mapping):
        stated = ", ".join(f"{license} ({what})" for what, license in stated.items())
    parts = [f"License: {stated}"]
    if facts.get("version"):
        parts.insert(0, f"Version {facts['version']}")
    return ". ".join([*parts, f"Digest {facts['weights_digest'][:12]}", f"ganzoo {__version__}"])


def _fill(model: Mapping[str, Any], weights: str, scripts: str) -> str:
    """Fill the template; what a model's file says is data, and never markup or script.

    Args:
        model: What the page says of its model.
        weights: Weights in base64; "" if they are in a file of their own.
        scripts: Elements of the scripts in the same folder.
    """
    model = {**model, "foot": _foot(model["facts"])}
    here = resources.files("ganzoo.jobs.formats")

    def read(name: str) -> str:
        return here.joinpath(name).read_text(encoding="utf-8")

    parts = {
        "TITLE": html.escape(model["title"]),
        "STYLE": read("page.css"),
        "MODEL": json.dumps(model, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "WEIGHTS": weights,
        "SCRIPTS": scripts,
        "SOURCES": " 'self' file:" if scripts else "",
        "SCRIPT": "\n".join(map(read, _SCRIPTS)),
    }
    return re.sub(r"/\* ([A-Z]+) \*/", lambda found: parts[found[1]], read("page.html"))
