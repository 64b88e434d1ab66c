"""Push: a run or a version is published as a version of a model, here or on the Hub.

No framework is imported.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry import contents, lookup
from ganzoo.catalog.registry.cards import Card, License, Provenance
from ganzoo.catalog.registry.locations import user_registry
from ganzoo.catalog.registry.remotes import parse_address
from ganzoo.catalog.registry.versions import Version, publish_version
from ganzoo.catalog.runs import Run, split_best
from ganzoo.errors import GanzooError, InvalidInput, UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.files.manifests import check_name
from ganzoo.files.reading import read_bytes
from ganzoo.jobs.hub.bundle import Bundle, build_bundle
from ganzoo.jobs.models.export import run_weights
from ganzoo.jobs.models.weights import FLOAT16, STORED, check_finite, to_float16
from ganzoo.jobs.training.provenance import MISMATCHES

NOT_CHOSEN = "not chosen yet"  # the license in the card of a run of somebody's own recipe
_PACKAGES = ("keras", "numpy")  # beside the backend's own


def push(
    source: str | Path,
    name: str,
    *,
    everything: bool = False,
    float16: bool = False,
    license: str | None = None,
    folder: Path | None = None,
    to: str | None = None,
) -> dict[str, Any]:
    """Publish a run, or a version that is published elsewhere, as a version of a model.

    What is there already is not published twice.

    Args:
        source: A run's folder or its number, with `@best` behind it for its best checkpoint,
            or a model's name.
        name: The model to publish as.
        everything: Add the whole state of the training.
        float16: Keep the generator in half precision, of a run.
        license: Of the weights; by default what the card says.
        folder: The registry's; by default the user's own.
        to: Instead of a folder, `hf://org/repo`.

    Returns:
        `name` (by which it is found), `version`, `digest`, `path` or `address`, `created`.
    """
    check_name(name, "model name", error=UsageError)
    if _names_model(source):
        if float16 or everything or license:
            option = "--float16" if float16 else "--all" if everything else "--license"
            raise UsageError(
                "A version is published elsewhere as it is. "
                f"Received: {str(source)!r} with {option}.",
                hint=f"Push the run itself with {option}.",
            )
        return publish_bundle(bundle_version(source, name), folder=folder, to=to)
    plain, best = split_best(source)
    if os.path.isfile(plain):
        raise UsageError(
            f"A run or a model is pushed; a weights file is imported. Received: {plain}.",
            hint=f"Import it: ganzoo import {shlex.join([str(plain), name])}",
        )
    run = Run.open(plain)
    bundle = bundle_run(
        run, name, everything=everything, float16=float16, license=license, best=best
    )
    return publish_bundle(bundle, folder=folder, to=to)


def publish_bundle(
    bundle: Bundle, *, folder: Path | None = None, to: str | None = None
) -> dict[str, Any]:
    """Publish a bundle in a registry or, with `to`, on the Hub.

    Args:
        bundle: The files of a version.
        folder: The registry's; by default the user's own.
        to: Address of a repository on the Hub instead: `hf://org/repo`.

    Returns:
        `name` (by which it is found), `version`, `digest`, `path` or `address`, `created`.
    """
    if to is not None:
        from ganzoo.jobs.hub.upload import upload_bundle

        return upload_bundle(parse_address(to), bundle)
    registry = user_registry() if folder is None else Path(folder)
    version = publish_version(registry, bundle.model, bundle.files, bundle.manifest)
    return {
        "name": f"{_shortest_name(version)}@{version.number}",
        "version": version.number,
        "digest": version.digest,
        "path": str(version.path),
        "created": version.created,
    }


def bundle_run(
    run: Run,
    name: str,
    *,
    everything: bool = False,
    float16: bool = False,
    license: str | None = None,
    best: bool = False,
) -> Bundle:
    """Build a bundle of a run's newest weights with all that is published beside them.

    Args:
        run: A run with a checkpoint.
        name: The model to publish as.
        everything: Add the whole state of the training, which is never in half precision.
        float16: Store the generator's float32 arrays as float16.
        license: License of the weights; by default the one in the run's card.
        best: Take the weights of its best checkpoint instead.

    Raises:
        UsageError: No license was chosen, there is no best checkpoint, or a weight is too
            large for half precision.
        InvalidInput: A weight is not finite, or the run is damaged.
    """
    manifest = run.manifest()
    arrays, about = run_weights(run, best=best)
    card = _version_card(run, manifest, about, name, license)
    about["license"] = {"data": card.license.data, "weights": card.license.weights}
    if float16:
        arrays, about[STORED] = to_float16(arrays), FLOAT16
    files = {
        contents.CARD: card.toml().encode("utf-8"),
        contents.GENERATOR: safetensors.dump(arrays, about),
    }
    files |= _sample_files(run, about["step"] if best else None)
    if everything:
        state, about = run_weights(run, everything=True, best=best)
        files[contents.EVERYTHING] = safetensors.dump(state, about)
    plugins = manifest.get("plugins")
    return build_bundle(name, files, plugins=plugins)


def bundle_version(source: str | Path, name: str) -> Bundle:
    """Build a bundle of a version as it is, to be published elsewhere too.

    Args:
        source: Name of the version.
        name: The model to publish as, which must be its own.
    """
    version = lookup.find_version(str(source))
    if version.model != name:
        raise UsageError(
            f"A version keeps the name in its card. Expected: {version.model!r}. "
            f"Received: {name!r}."
        )
    files = version.read_all()
    for file in (contents.GENERATOR, contents.EVERYTHING):
        if file in files:  # whoever published it may have published anything
            check_finite(safetensors.load(files[file]), version.name, "published")
    return Bundle(model=name, files=files, manifest=contents.manifest_text(version.manifest))


def _sample_files(run: Run, step: int | None) -> dict[str, bytes]:
    """The newest samples of a run that weights of this step, or of any, can have generated."""
    images = sorted(run.samples.glob("step-*.png"))
    fitting = [p for p in images if step is None or p.name <= f"step-{step:08d}.png"]
    found = {contents.SAMPLES: fitting[-1]} if fitting else {}
    if fitting == images:  # of audio and video there is the newest only
        found |= {name: run.path / name for name in (contents.AUDIO, contents.VIDEO)}
    return {
        name: read_bytes(path, limit=contents.MAX_BYTES[name])
        for name, path in found.items()
        if path.is_file()
    }


def _names_model(source: str | Path) -> bool:
    """Return True if a source names a model; a folder that is there counts as a run."""
    run = str(split_best(source)[0])
    if os.path.exists(run) or run.isdecimal():
        return False
    try:
        lookup.find_entry(str(source).partition("@")[0])
    except UnknownName:
        return False
    return True


def _shortest_name(version: Version) -> str:
    """The shortest name by which a version's model is found."""
    folder = version.path.parent.resolve()
    for known, entry in lookup.models().items():
        if entry.folder.resolve() == folder:
            return known
    return version.model


def _version_card(
    run: Run, manifest: dict[str, Any], about: dict[str, Any], name: str, license: str | None
) -> Card:
    card = Card.read(run.card_path)
    weights = license or card.license.weights
    if weights == NOT_CHOSEN:
        raise UsageError(
            f"Nobody has chosen a license for the weights of {run.path}.",
            hint=f"Choose one: --license Apache-2.0 (the data's is {card.license.data!r}).",
        )
    changes = {
        "name": name,
        "license": License.model_construct(data=card.license.data, weights=weights),
        "provenance": _run_provenance(manifest, about, card),
        # those of other steps of the run were measured on other weights
        "results": [one for one in card.results if one.protocol.step in (None, about.get("step"))],
    }
    tables = card.model_copy(update=changes).tables()
    # a run that went on with other plugins, by consent, knows which
    tables |= {key: manifest[key] for key in ("plugins", MISMATCHES) if key in manifest}
    return Card.from_tables(tables, where=f"the card of {name}")


def _run_provenance(manifest: dict[str, Any], about: dict[str, Any], card: Card) -> Provenance:
    """Provenance of the weights of a run, from its manifest."""
    try:
        step, recipe = about["step"], card.recipe
        versions = manifest.get("versions") or {}
        seconds = manifest.get("seconds")
        return Provenance(
            data=manifest["data"]["name"],
            fingerprint=manifest["data"]["fingerprint"],
            seed=manifest["seed"],
            steps=step,
            images=step * recipe.training.batch * recipe.gan.n_critic,
            hours=round(seconds / 3600, 4) if seconds else None,
            hardware=_describe_hardware(manifest),
            backend=manifest["backend"],
            versions={"ganzoo": manifest["ganzoo"]}
            | {
                package: version
                for package, version in versions.items()
                if package in _PACKAGES or package.startswith(manifest["backend"])
            },
            command=_command_without_paths(manifest.get("argv") or []) or None,
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, GanzooError):
            raise
        raise InvalidInput(
            f"The manifest of the run does not say where its weights come from: {error!r}.",
            hint="Restore it from a copy.",
        ) from error


def _describe_hardware(manifest: Mapping[str, Any]) -> str:
    """Kind of machine, without its name or kernel."""
    system, *rest = str(manifest["platform"]).split("-")
    kinds = [word for word in rest if word in ("x86_64", "aarch64", "arm64", "AMD64")]
    return " ".join([f"{manifest['cpus']} CPUs,", system[:40], *kinds[:1]])


def _command_without_paths(argv: Sequence[str]) -> str:
    """A command without the paths of the machine on which it was given."""
    arguments: list[str] = []
    rest = iter(argv)
    for word in rest:
        option, equals, value = word.partition("=")
        if option in ("--run", "--runs"):
            if not equals:
                next(rest, None)
        elif option == "--data":
            arguments += ["--data", "DATA"]
            if not equals:
                next(rest, None)
        elif option.rpartition(".")[2] == "data" and equals:
            arguments.append(f"{option}=DATA")
        else:
            arguments.append(word.replace("\\", "/").rpartition("/")[2] if "/" in word else word)
    return " ".join(map(shlex.quote, arguments))[:4000]
