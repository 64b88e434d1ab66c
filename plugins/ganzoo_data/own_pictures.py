"""What the data sets `folder` and `zip` share: pictures of the user's own."""

from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import Files, classes
from ganzoo.data.images import Fit
from ganzoo.data.prepare import prepare
from ganzoo.data.progress import notice
from ganzoo.files.home import cache_home


def own_pictures(name: str, files: Files, fit: Fit) -> Dataset:
    """The pictures among `files` as a data set, their class folders as labels."""
    pictures = files.pictures()
    _tell_what_is_left_out(name, files, set(pictures))
    labels, names = classes(files, pictures)
    prepared = prepare(files, pictures, dataset=name, fit=fit, folder=cache_home() / "datasets")
    return Dataset(
        name=name,
        images=prepared.images,
        labels=labels,
        classes=names,
        license="not stated (the user's own pictures)",
        source=str(files.where),
        fingerprint=prepared.about["fingerprint"],  # the names, and so the classes, are part of it
    )


def _tell_what_is_left_out(name: str, files: Files, pictures: set[str]) -> None:
    others = [file for file in files.names if file not in pictures]
    if others:
        examples = ", ".join(repr(file) for file in others[:3])
        notice(
            f"{name}: left out {len(others):,} of {len(files.names):,} files, not named like a"
            f" PNG, JPEG or WebP picture: {examples}{', ...' if others[3:] else ''}"
        )
