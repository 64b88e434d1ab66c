"""Splits and labels among the files of somebody's own images: what their author meant by folders.

A folder is a class unless something says otherwise: the list of StyleGAN's tools, numbered folders
of a thousand images each, the splits `train` and `test`, or images that lie beside it.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from ganzoo.data.folder import Files, class_labels
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest, tensors_digest
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import quote

from .data_files import common_folder, files_in_folder
from .stylegan_layout import LABELS_FILE, read_stylegan_labels

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
        names: Names of the images.
        labels: int32 (n,) or uint8 (n, k), or `None`.
        classes: Names of the classes or attributes.
        notes: Sentences about what was decided, for people.
    """

    names: tuple[str, ...]
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def fingerprint(self, files: Files, images: str) -> str:
        """Return the fingerprint of images and labels.

        Args:
            files: Files that the images are among.
            images: Fingerprint of the images and their names, which stands for the classes, too,
                if these are the folders.
        """
        try:
            labels, classes = class_labels(files, self.names)
        except InvalidInput:
            labels, classes = None, ()
        if classes == self.classes and np.array_equal(_or_empty(labels), _or_empty(self.labels)):
            return images
        digest = "" if self.labels is None else tensors_digest({"labels": self.labels})
        return bytes_digest(f"{images} {digest} {' '.join(self.classes)}".encode())


def _or_empty(labels: np.ndarray | None) -> np.ndarray:
    return np.empty(0) if labels is None else labels


def choose_split(files: Files, split: str | None, labels: bool | None) -> Files:
    """Return the files of one split, named from its folder; all of them if there are no splits.

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
        inner = [shared, split] if split in folders else [shared]
        return files_in_folder(files, "/".join(filter(None, inner)))
    splits = [str(name) for name in folders if str(name).lower() in _SPLITS]
    if len({_SPLITS[name.lower()] for name in splits}) > 1 and labels is not False:
        raise InvalidInput(
            f"The folders {', '.join(map(repr, splits))} in {quote(files.where)} look like splits,"
            " not like classes.",
            hint=f"Take one of them: --set dataset.split={splits[0]}. {_ALL_IMAGES}.",
        )
    return files


def read_own_labels(files: Files, labels: bool | None) -> OwnImages:
    """Return the images among files, with their labels.

    Args:
        files: All files.
        labels: `True` if there must be labels, so that images in no class folder are left out;
            `False` for none; `None` for those that are there without doubt.

    Raises:
        UsageError: There must be labels, and there are none.
        InvalidInput: The list of labels is damaged; or the folders can be understood in two ways.
    """
    names = files.image_names()
    if labels is False:
        return OwnImages(names=names)
    listed = _find_list(files, names)
    if listed is not None:
        found = _listed_labels(files, names, listed)
    elif labels is None and _are_numbered_folders(names):
        note = "The folders are numbered, a thousand images in each: no classes."
        found = OwnImages(names=names, notes=[note])
    else:
        found = _class_folders(files, names, required=labels is True)
    if labels is True and found.labels is None:
        raise UsageError(
            f"There are no labels in {quote(files.where)}: neither class folders nor a list of"
            f" labels in {LABELS_FILE}. Received: labels=true."
        )
    return found


def _find_list(files: Files, names: Sequence[str]) -> str | None:
    """Return the folder of a list of labels beside or above all images, if there is one."""
    folders = (*PurePosixPath(common_folder(names)).parts, "")
    paths = ["/".join(filter(None, folders[:count])) for count in range(len(folders))]
    for folder in reversed(paths):
        name = f"{folder}/{LABELS_FILE}".lstrip("/")
        if name in files.names:
            with files.reader() as read:
                content = parse_json(read(name).removeprefix(codecs.BOM_UTF8), quote(name))
            if isinstance(content, dict) and "labels" in content:
                return folder
    return None


def _listed_labels(files: Files, names: tuple[str, ...], folder: str) -> OwnImages:
    start = f"{folder}/" if folder else ""
    inside = files_in_folder(files, folder)
    try:
        labels, classes = read_stylegan_labels(inside, [n.removeprefix(start) for n in names])
    except InvalidInput as error:
        raise InvalidInput(error.message, hint=f"Mend the list. {_ALL_IMAGES}.") from error
    found = "none" if labels is None else f"{len(classes)} classes"
    note = f"The labels are those of {start}{LABELS_FILE} ({found}), not the folders."
    return OwnImages(names=names, labels=labels, classes=classes, notes=[note])


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
            names=names,
            labels=np.zeros(len(names), np.int32),
            classes=(shared.rpartition("/")[2],),
        )
    if not folders or not loose:
        labels, classes = class_labels(files, names)
        return OwnImages(names=names, labels=labels, classes=classes)
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
    return OwnImages(names=names, notes=[note])


def _below(shared: str, names: Sequence[str]) -> list[str | None]:
    """Return for each image the folder that it lies in, directly below the shared one."""
    start = len(PurePosixPath(shared).parts) if shared else 0
    parents = [PurePosixPath(name).parent.parts for name in names]
    return [parts[start] if len(parts) > start else None for parts in parents]
