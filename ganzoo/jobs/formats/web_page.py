"""One HTML page that holds a generator, and all that draws with it. It needs no network."""

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from ganzoo import __version__
from ganzoo.gan import random
from ganzoo.gan.latents.principal_directions import find_directions
from ganzoo.gan.latents.tracing import trace
from ganzoo.jobs.formats.network_plan import write_plan

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_SCRIPTS = ("random.js", "network.js", "view.js")
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
    sampler = gan.sampler
    traced = trace(sampler.generator, sampler.psi, gan.style_networks)
    plan = write_plan(traced)
    weights = plan.pop("weights")
    model = {
        "title": str(facts.get("model") or Path(path).stem),
        "about": _about(gan, facts),
        "foot": _foot(facts),
        "facts": {**facts, "value_range": list(sampler.value_range)},
        "plan": plan,
        **about_directions(gan),
        "truncates": _truncates(gan),
        "classes": sampler.num_classes,
        **about_prior(gan),
    }
    Path(path).write_text(_fill(model, weights), encoding="utf-8")


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


def _fill(model: Mapping[str, Any], weights: str) -> str:
    """Fill the template. What a model's file says is data, and never markup or script."""
    here = resources.files("ganzoo.jobs.formats")

    def read(name: str) -> str:
        return here.joinpath(name).read_text(encoding="utf-8")

    parts = {
        "TITLE": html.escape(model["title"]),
        "STYLE": read("page.css"),
        "MODEL": json.dumps(model, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "WEIGHTS": weights,
        "SCRIPT": "\n".join(map(read, _SCRIPTS)),
    }
    return re.sub(r"/\* ([A-Z]+) \*/", lambda found: parts[found[1]], read("page.html"))
