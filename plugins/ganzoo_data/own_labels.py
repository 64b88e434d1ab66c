"""Splits and labels among the files of somebody's own images: what their author meant by folders.

A folder is a class unless something says otherwise: the list of StyleGAN's tools, numbered folders
of a thousand images each, the splits `train` and `test`, or images that lie beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np

from ganzoo.data.folder import Files, class_labels
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest, tensors_digest
from ganzoo.files.text import quote

from .csv_labels import CSV_FILE, read_csv_labels
from .data_files import common_folder, files_in_folder
from .stylegan_layout import LABELS_FILE, ForeignList, read_stylegan_labels, read_stylegan_list

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
}
_ALL_IMAGES = "Take all images without classes: --set dataset.labels=false"
_IN_CLASSES = "only those in class folders: --set dataset.labels=true"
_NUMBERED = re.compile(r"(?:.*/)?(\d{5})/(?:img)?(\d{5,8})\.\w+")
_THOUSAND = 1000  # images in a folder, of StyleGAN's tools and of FFHQ


@dataclass(frozen=True, kw_only=True)
class OwnImages:
    """Images with their labels.

    Args:
        files: Files that the images are among.
        names: Names of the images.
        labels: int32 (n,), uint8 (n, k) or float32 (n, k), or `None`.
        classes: Names of the classes, attributes or numbers.
        notes: Sentences about what was decided, for people.
        labels_file: Name of the file of labels that a note is about, if it is among the files.
    """

    files: Files
    names: tuple[str, ...]
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    labels_file: str | None = None

    def fingerprint(self, images: str) -> str:
        """Return the fingerprint of images and labels.

        Args:
            images: Fingerprint of the images and their names, which stands for the classes, too,
                if these are the folders.
        """
        try:
            labels, classes = class_labels(self.files, self.names)
        except InvalidInput:
            labels, classes = None, ()
        if classes == self.classes and np.array_equal(_or_empty(labels), _or_empty(self.labels)):
            return images
        digest = "" if self.labels is None else tensors_digest({"labels": self.labels})
        return bytes_digest(f"{images} {digest} {' '.join(self.classes)}".encode())


def _or_empty(labels: np.ndarray | None) -> np.ndarray:
    return np.empty(0) if labels is None else labels


def find_split(files: Files, split: str | None, labels: bool | None) -> str:
    """Return the folder of one split; `""` for all files if there are no splits.

    Args:
        files: All files.
        split: Name of a folder that lies directly below the one which all images share.
        labels: As in `read_own_labels`.

    Raises:
        UnknownName: There is no such folder.
        InvalidInput: There are splits, and none was chosen.
    """
    shared = common_folder(files.image_names())
    folders = sorted(set(_below(shared, files.image_names())) - {None}, key=str)
    if split is not None:
        if split not in folders and split != shared.rpartition("/")[2]:
            raise unknown("split", str(split), [str(name) for name in folders])
        return _join(shared, split) if split in folders else shared
    splits = [str(name) for name in folders if str(name).lower() in _SPLITS]
    if len({_SPLITS[name.lower()] for name in splits}) > 1 and labels is not False:
        raise InvalidInput(
            f"The folders {', '.join(map(repr, splits))} in {quote(files.where)} look like splits,"
            " not like classes.",
            hint=f"Take one of them: --set dataset.split={splits[0]}. {_ALL_IMAGES}.",
        )
    return ""


def read_own_labels(files: Files, labels: bool | None, folder: str = "") -> OwnImages:
    """Return the images in a folder, with their labels.

    Args:
        files: All files, among which a list of labels may lie above the folder.
        labels: `True` if there must be labels, so that images in no class folder are left out;
            `False` for none; `None` for those that are there without doubt.
        folder: Folder of the split, from which the images are named.

    Raises:
        UsageError: There must be labels, and there are none.
        InvalidInput: The list of labels is damaged; or the folders can be understood in two ways.
    """
    chosen = files_in_folder(files, folder)
    names = chosen.image_names()
    if labels is False:
        return OwnImages(files=chosen, names=names)
    deepest = _join(folder, common_folder(names))
    for top in _upwards(deepest):
        if _start(top) + CSV_FILE in files.names:
            return _csv_labels(files, top, chosen, folder)
    top, foreign = _find_list(files, deepest)
    numbered = _are_numbered_folders(names)
    if top is not None and foreign is None:
        found = _listed_labels(files, top, chosen, folder)
    elif labels is None and numbered:
        note = "The folders are numbered, a thousand images in each: no classes."
        found = OwnImages(files=chosen, names=names, notes=[note])
    else:
        found = _class_folders(chosen, names, required=labels is True)
    if top is not None:
        file = _start(top) + LABELS_FILE
        if foreign is not None:
            found.notes.append(_foreign_note(foreign, file, found, numbered=numbered))
        found = replace(found, labels_file=file.removeprefix(_start(folder)))
    if labels is True and found.labels is None:
        raise UsageError(
            f"There are no labels in {quote(files.where)}: neither class folders nor a list of"
            f" labels in {LABELS_FILE}. Received: labels=true."
        )
    return found


def _join(*parts: str) -> str:
    return "/".join(filter(None, parts))


def _start(folder: str) -> str:
    """Return how the names of all files in a folder begin."""
    return f"{folder}/" if folder else ""


def _upwards(deepest: str) -> list[str]:
    """Return a folder and those above it."""
    folders = PurePosixPath(deepest).parts
    return ["/".join(folders[:count]) for count in range(len(folders), -1, -1)]


def _csv_labels(files: Files, top: str, chosen: Files, folder: str) -> OwnImages:
    """Return the images of a folder with the labels of `labels.csv` in `top`."""
    inside, names = files_in_folder(files, top), chosen.image_names()
    rows = [(_start(folder) + name).removeprefix(_start(top)) for name in names]
    labels, classes = read_csv_labels(inside, rows, others=inside.image_names())
    kind = {"int32": "classes", "uint8": "attributes", "float32": "numbers"}[labels.dtype.name]
    note = f"The labels are those of {_start(top)}{CSV_FILE} ({len(classes)} {kind})."
    file = (_start(top) + CSV_FILE).removeprefix(_start(folder))
    return OwnImages(
        files=chosen, names=names, labels=labels, classes=classes, notes=[note], labels_file=file
    )


def _find_list(files: Files, deepest: str) -> tuple[str | None, ForeignList | None]:
    """Return the folder of a list of labels in a folder or above it; and what is odd about it."""
    foreign: tuple[str, ForeignList] | None = None
    for top in _upwards(deepest):
        if _start(top) + LABELS_FILE not in files.names:
            continue
        try:
            read_stylegan_list(files_in_folder(files, top))
        except ForeignList as error:
            foreign = foreign or (top, error)
            continue
        except InvalidInput:  # for whoever reads the labels to report
            pass
        return top, None
    return foreign or (None, None)


def _listed_labels(files: Files, top: str, chosen: Files, folder: str) -> OwnImages:
    """Return the images of a folder with the labels of a list in `top`."""
    inside, names = files_in_folder(files, top), chosen.image_names()
    rows = [(_start(folder) + name).removeprefix(_start(top)) for name in names]
    try:
        labels, classes = read_stylegan_labels(inside, rows, others=inside.image_names())
    except InvalidInput as error:
        raise InvalidInput(error.message, hint=f"Mend the list. {_ALL_IMAGES}.") from error
    found = "none" if labels is None else f"{len(classes)} classes"
    note = f"The labels are those of {_start(top)}{LABELS_FILE} ({found}), not the folders."
    return OwnImages(files=chosen, names=names, labels=labels, classes=classes, notes=[note])


def _foreign_note(foreign: ForeignList, file: str, found: OwnImages, *, numbered: bool) -> str:
    """Return the sentence about a file that is no list of labels, unless labels would be lost."""
    what = f"{file} is no list of labels as StyleGAN's tools write it"
    if found.labels is not None and not numbered:
        return f"{what}: the labels are the folders."
    if not foreign.has_labels:
        return f"{what}: left out."
    raise InvalidInput(
        f"{what}, and there are no class folders. {foreign.message}",
        hint=f"Mend or remove it. {_ALL_IMAGES}.",
    )


def _are_numbered_folders(names: Sequence[str]) -> bool:
    """Return whether images are numbered on through folders of a thousand: `00001/img00001042`."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    pairs = {(int(m[1]), int(m[2]) // _THOUSAND) for m in matches if m}
    numbered = any(all(folder == n * step for folder, n in pairs) for step in (1, _THOUSAND))
    return None not in matches and len(pairs) > 1 and numbered


def _class_folders(files: Files, names: tuple[str, ...], *, required: bool) -> OwnImages:
    shared = common_folder(names)
    below = _below(shared, names)
    folders, loose = sorted({name for name in below if name is not None}), below.count(None)
    if not folders and shared and required:  # one class alone
        return OwnImages(
            files=files,
            names=names,
            labels=np.zeros(len(names), np.int32),
            classes=(shared.rpartition("/")[2],),
        )
    if not folders or not loose:
        labels, classes = class_labels(files, names)
        return OwnImages(files=files, names=names, labels=labels, classes=classes)
    where = f"{', '.join(map(repr, folders[:3]))}{', ...' if folders[3:] else ''}"
    count = f"{loose:,} of {len(names):,} images"
    if required:
        kept = tuple(name for name, own in zip(names, below, strict=True) if own is not None)
        found = _class_folders(files, kept, required=True)
        found.notes.append(f"Left out {count}: they lie in no class folder.")
        return found
    if len(folders) > 1 and 2 * loose < len(names):
        raise InvalidInput(
            f"Images lie both in folders ({where}) and beside them ({count}) in"
            f" {quote(files.where)}.",
            hint=f"{_ALL_IMAGES}; or {_IN_CLASSES}.",
        )
    note = f"No classes: {count} lie in no folder, beside {where}."
    return OwnImages(files=files, names=names, notes=[note])


def _below(shared: str, names: Sequence[str]) -> list[str | None]:
    """Return for each image the folder that it lies in, directly below the shared one."""
    start = len(PurePosixPath(shared).parts) if shared else 0
    parents = [PurePosixPath(name).parent.parts for name in names]
    return [parts[start] if len(parts) > start else None for parts in parents]
