"""Push: a run or a version is published as a version of a model, here or on the Hub.

No framework is imported.
"""

import os
import re
import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import contents, lookup, signatures
from ganzoo.catalog.registry.cards import Card, License, Provenance
from ganzoo.catalog.registry.licenses import NOT_CHOSEN, check_license
from ganzoo.catalog.registry.locations import user_registry
from ganzoo.catalog.registry.remotes import parse_address
from ganzoo.catalog.registry.versions import Version, publish_version
from ganzoo.catalog.runs import Run, split_best
from ganzoo.errors import InvalidInput, UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.files.manifests import check_name
from ganzoo.files.reading import read_bytes
from ganzoo.jobs.hub.bundle import Bundle, build_bundle
from ganzoo.jobs.latents.latent_files import generator_digest, saved_directions
from ganzoo.jobs.models.export import run_weights
from ganzoo.jobs.models.weights import FLOAT16, STORED, check_finite, to_float16
from ganzoo.jobs.publishing.manage import describe_version
from ganzoo.jobs.publishing.sample_files import newest_samples
from ganzoo.jobs.training.provenance import MISMATCHES
from ganzoo.jobs.training.run_card import card_of_weights

_PACKAGES = ("keras", "numpy")  # beside the backend's own


def push(
    source: str | Path,
    name: str,
    *,
    everything: bool = False,
    float16: bool = False,
    license: str | None = None,
    summary: str | None = None,
    strict: bool = False,
    folder: Path | None = None,
    to: str | None = None,
    page: bool = False,
) -> dict[str, Any]:
    """Publish a run, or a version that is published elsewhere, as a version of a model.

    What is there already is not published twice.

    Args:
        source: A run's folder or its number, with `@best` behind it for its best checkpoint,
            or a model's name.
        name: The model to publish as.
        everything: Add the whole state of the training.
        float16: Keep the generator in half precision, of a run.
        license: License of the weights, as an SPDX expression; by default the one in the card,
            which has one if nothing was changed in the zoo's recipe.
        summary: Line about the model; by default the one in the card.
        strict: Refuse a run whose newest checkpoint or samples are damaged, instead of taking
            the ones before.
        folder: The registry's; by default the user's own.
        to: Instead of a folder, `hf://org/repo`.
        page: Publish a page that draws, too, as a static Space of the same name. A framework is
            imported for it.

    Returns:
        `name` (by which it is found), `version`, `digest`, `path` or `address`, `created`; of a
        page also `page`, its address.

    Raises:
        UsageError: A page has no repository, or cannot be built, or its Space is somebody's own;
            no license was chosen, or none that SPDX knows; there is no best checkpoint; or a
            weight is too large for half precision.
        InvalidInput: A weight is not finite, or the run is damaged.
    """
    check_name(name, "model name", error=UsageError)
    if page and to is None:
        raise UsageError(
            "A page is published on the Hub. Expected: a repository.",
            hint="Add --to hf://ORG/REPO.",
        )
    if _names_model(source):
        options = {
            "--float16": float16, "--all": everything, "--license": license, "--summary": summary,
        }  # fmt: skip
        if given := [option for option, value in options.items() if value]:
            raise UsageError(
                "A version is published elsewhere as it is. "
                f"Received: {str(source)!r} with {given[0]}.",
                hint=f"Push the run itself with {given[0]}.",
            )
        return _publish(_bundle_version(source, name), folder, to, page)
    plain, best = split_best(source)
    if os.path.isfile(plain):
        raise UsageError(
            f"A run or a model is pushed; a weights file is imported. Received: {plain}.",
            hint=f"Import it: ganzoo import {shlex.join([str(plain), name])}",
        )
    run = Run.open(plain)
    report = _refuse_damage if strict else warnings.warn
    manifest = run.manifest()
    arrays, about = run_weights(run, best=best, report=report)
    card = _version_card(run, manifest, about, name, license, summary)
    about |= (licenses := {"license": card.license.model_dump()})
    if float16:
        arrays, about[STORED] = to_float16(arrays), FLOAT16
    files = {
        contents.CARD: card.toml().encode("utf-8"),
        contents.GENERATOR: safetensors.dump(arrays, about),
    }
    if saved_directions(run.path, generator_digest(arrays)):
        files[contents.DIRECTIONS] = read_bytes(run.path / contents.DIRECTIONS)
    elif (run.path / contents.DIRECTIONS).is_file():
        warnings.warn("The run's directions are of other weights: not published.", stacklevel=2)
    files |= newest_samples(run, about["step"] if best else None, report)
    if everything:
        state, about = run_weights(run, everything=True, best=best, report=report)
        files[contents.EVERYTHING] = safetensors.dump(state, about | licenses)
    bundle = build_bundle(name, files, plugins=manifest.get("plugins"))
    return _publish(bundle, folder, to, page)


def _publish(bundle: Bundle, folder: Path | None, to: str | None, page: bool) -> dict[str, Any]:
    """Publish a bundle and, where one is wanted, its page, which is built first."""
    if to is None or not page:
        return publish_bundle(bundle, folder=folder, to=to)
    from ganzoo.jobs.hub.space import prepare_page, publish_page  # a framework

    remote = parse_address(to)
    contents = prepare_page(bundle, remote)
    done = publish_bundle(bundle, to=to)
    return done | {"page": publish_page(contents, remote, done["version"])}


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
    if bundle.signature is not None and version.digest == bundle.digest:
        signatures.add_signature(version, bundle.signature)
    name = f"{_shortest_name(version)}@{version.number}"
    return describe_version(version) | {"name": name, "created": version.created}


def _bundle_version(source: str | Path, name: str) -> Bundle:
    """A bundle of a version as it is, to be published elsewhere too."""
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
    return Bundle(
        model=name,
        files=files,
        manifest=contents.manifest_text(version.manifest),
        signature=signatures.read_signature(version),
    )


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


def _refuse_damage(sentence: str) -> None:
    raise InvalidInput(sentence, hint="Without --strict what is whole is published.")


def _version_card(
    run: Run,
    manifest: dict[str, Any],
    about: dict[str, Any],
    name: str,
    license: str | None,
    summary: str | None,
) -> Card:
    try:
        recipe = Recipe.from_tables(about["recipe"], "the recipe in the weights")
        card = card_of_weights(run.card(), recipe, manifest, about["step"])
        provenance = _run_provenance(manifest, about, recipe)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"The manifest of the run does not say where its weights come from: {error!r}.",
            hint="Restore it from a copy.",
        ) from error
    weights = license or card.license.weights
    if weights == NOT_CHOSEN:
        raise UsageError(
            f"Nobody has chosen a license for the weights of {run.path}.",
            hint=f"Choose one: --license Apache-2.0 (the data's is {card.license.data!r}).",
        )
    changes = {
        "name": name,
        "summary": summary or card.summary,
        "license": License(data=card.license.data, weights=check_license(weights)),
        "provenance": provenance,
        # those of other steps of the run were measured on other weights
        "results": [one for one in card.results if one.protocol.step in (None, about["step"])],
    }
    tables = card.model_copy(update=changes).tables()
    # a run that went on with other plugins, by consent, knows which
    tables |= {key: manifest[key] for key in ("plugins", MISMATCHES) if key in manifest}
    return Card.from_tables(tables, where=f"the card of {name}")


def _run_provenance(manifest: dict[str, Any], about: dict[str, Any], recipe: Recipe) -> Provenance:
    """Provenance of the weights of a run, from its manifest."""
    data, backend = manifest["data"], manifest["backend"]
    images = about["step"] * recipe.training.batch * recipe.gan.critic_updates
    seconds = manifest.get("seconds")
    versions = {
        package: version
        for package, version in (manifest.get("versions") or {}).items()
        if package in _PACKAGES or package.startswith(backend)
    }
    source = str(data.get("source"))  # it may be a path
    return Provenance(
        data=data["name"],
        fingerprint=data["fingerprint"],
        source=source if re.fullmatch(r"https://\S{1,190}", source) else None,
        seed=manifest["seed"],
        steps=about["step"],
        images=images,
        epochs=round(images / data["count"], 2),
        hours=round(seconds / 3600, 4) if seconds else None,
        hardware=_describe_hardware(manifest),
        backend=backend,
        versions={"ganzoo": manifest["ganzoo"]} | versions,
        parent=manifest["start"]["digest"] if "start" in manifest else None,
        command=_command_without_paths(manifest.get("argv") or []) or None,
    )


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
