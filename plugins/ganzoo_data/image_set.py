"""Published sets of images that come as a folder, a zip or a copy on the Hub.

A data set of this form is an `ImageSet` and a function with the options that its images have.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.folder import Files
from ganzoo.data.images import Preprocessing
from ganzoo.data.prepare import choose_levels, prepare_files, repeat_labels
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest, tensors_digest
from ganzoo.files.text import quote

from .data_files import (
    common_folder,
    files_in_folder,
    find_in_data_home,
    missing_data,
    name_of_files,
    open_files,
)
from .hub_repository import copy_repository
from .stylegan_layout import LABELS_FILE, find_stylegan_layout, read_stylegan_labels

SPLITS = ("train", "test", "all")
_SPLIT = re.compile(r"(?:(.+)_)?(train|val|test)(?:_lmdb)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """A published set of images.

    Args:
        name: Name of the data set: `"afhq"`.
        title: Name for people.
        license: Terms in one line.
        terms: Terms at length, shown before anything is downloaded.
        source: Authors, year and address.
        ways: Instructions for getting it, as the end of the sentence "To get it: ...".
        classes: Folders that are classes, in the order of the labels; empty if there are none.
        folders: Folders to look into, the first one of them that is there; empty for all.
        count: Number of images in all; `None` where that depends on the copy.
    """

    name: str
    title: str
    license: str
    terms: str
    source: str
    ways: str
    classes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    count: int | None = None

    def load(
        self,
        *,
        data: str | None,
        size: int,
        repository: str | None,
        revision: str,
        images: int | None = None,
        only: str | None = None,
        split: str = "all",
    ) -> Dataset:
        """Return the images in color, center-cropped and scaled, with class folders as labels.

        Args:
            data: Path of a folder or zip; by default the one in the data folder.
            size: Height and width in pixels.
            repository: Id of a copy on the Hub, of image files or zips, to use instead.
            revision: Branch, tag or commit of the repository.
            images: Largest number of images to use, in the order of their names.
            only: Class whose images alone are used, without labels.
            split: `"train"`, `"test"` or `"all"`.
        """
        count, preprocessing = check_max_images(images), Preprocessing(size=size, mode="rgb")
        if only is not None and only not in self.classes:
            raise unknown("class", str(only), self.classes)
        if split not in SPLITS:
            raise unknown("split", str(split), SPLITS)
        whole = self.count if only is None and repository is None else None
        with attach_info(self._info(whole and min(count or whole, whole), size)):
            files = self._open(data, repository, revision)
        listed = find_stylegan_layout(files)
        if listed is not None:
            files, image_names = listed, self._all_images(listed, only, split)
            labels, classes = read_stylegan_labels(files, image_names, self.classes)
        else:
            image_names = self._images_of_split(files.image_names(), split, files)
            image_names, labels, classes = self._images_of_classes(files, image_names, only)
            files, image_names = _relative_to(common_folder(image_names), files, image_names)
        return build_image_dataset(
            files,
            image_names[:count],
            name=self.name,
            preprocessing=preprocessing,
            labels=None if labels is None else labels[:count],
            classes=classes,
            license=self.license,
            source=self.source,
        )

    def _info(self, count: int | None, size: int) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            license=self.license,
            source=self.source,
            classes=self.classes,
            count=count,
            image_shape=(size, size, 3),
        )

    def _open(self, data: str | None, repository: str | None, revision: str) -> Files:
        if data is not None and repository is not None:
            raise UsageError(
                f"{self.title} is read either from a path or from the Hub. Received:"
                f" data={data!r} and repository={repository!r}."
            )
        ways = (
            f"{self.ways}; or name a copy on the Hub: --set dataset.repository=OWNER/NAME"
            " --set dataset.revision=COMMIT."
        )
        if repository is not None:
            return copy_repository(
                repository, revision, title=self.title, license=self.terms, ways=ways
            ).files
        if data is not None:
            return open_files(data)

        def raise_missing(root: Path) -> None:
            raise missing_data(self.title, root, ways)

        return open_files(find_in_data_home(self.name, raise_missing))

    def _all_images(self, files: Files, only: str | None, split: str) -> tuple[str, ...]:
        """Return all images in StyleGAN's layout, which has no folders to choose by."""
        if only is not None or split == "test":
            option = f"only={only!r}" if only is not None else f"split={split!r}"
            raise UsageError(
                f"Images listed in {LABELS_FILE} are taken as they are: of one split, in no class"
                f" folders. Received: {option} for {quote(files.where)}."
            )
        return files.image_names()

    def _images_of_split(
        self, image_names: Sequence[str], split: str, files: Files
    ) -> tuple[str, ...]:
        """Return the images of a split, in the folders to look into."""
        for folder in self.folders:
            found = [name for name in image_names if folder in _folders(name)]
            if found:
                image_names = found
                break
        if split != "all":
            image_names = [n for n in image_names if _is_test(n) == (split == "test")]
        if not image_names:
            raise InvalidInput(
                f"There are no images of the split {split!r} of {self.title} in"
                f" {quote(files.where)}. Expected: folders called train, and val or test."
            )
        return tuple(image_names)

    def _images_of_classes(
        self, files: Files, image_names: tuple[str, ...], only: str | None
    ) -> tuple[tuple[str, ...], np.ndarray | None, tuple[str, ...]]:
        """Return images, labels and the classes that are there; no labels for a single class."""
        top = name_of_files(files)
        found = [self._class((top, *_folders(name))) for name in image_names]
        if only is not None:
            image_names = tuple(n for n, own in zip(image_names, found, strict=True) if own == only)
            if not image_names:
                raise InvalidInput(
                    f"There is no folder {only!r} with images in {quote(files.where)}."
                )
            return image_names, None, ()
        classes = tuple(name for name in self.classes if name in found)
        if len(classes) < 2:
            return image_names, None, ()
        if None in found:
            raise InvalidInput(
                f"Either every image of {self.title} lies in the folder of its class, or none"
                f" does. Received: {quote(image_names[found.index(None)])} beside"
                f" {', '.join(map(repr, classes[:3]))} in {quote(files.where)}.",
                hint="Take the images of one class with --set dataset.only=CLASS, or move the"
                " others away.",
            )
        return image_names, np.array([classes.index(own) for own in found], np.int32), classes

    def _class(self, folders: Sequence[str]) -> str | None:
        """Return the innermost folder that is a class: `bedroom` of `bedroom_train/0/1.jpg`.

        `train` is a class only where no other folder is one: LSUN has images of trains.
        """
        matches = [(folder, _SPLIT.fullmatch(folder)) for folder in reversed(folders)]
        named = [match[1] if match and match[1] else folder for folder, match in matches]
        parts = [folder for folder, match in matches if match and not match[1]]
        plain = [name for name in named if name not in parts]
        return next((n.lower() for n in [*plain, *parts] if n.lower() in self.classes), None)


def _folders(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parent.parts


def _is_test(name: str) -> bool:
    """Return whether an image is held out: in `val`, in `church_outdoor_val`."""
    return any(
        match[2].lower() != "train"
        for match in map(_SPLIT.fullmatch, _folders(name))
        if match is not None
    )


def _relative_to(
    folder: str, files: Files, image_names: Sequence[str]
) -> tuple[Files, tuple[str, ...]]:
    """Return files and names of images, named from the folder."""
    start = f"{folder}/" if folder else ""
    return files_in_folder(files, folder), tuple(name.removeprefix(start) for name in image_names)


def build_image_dataset(
    files: Files,
    image_names: Sequence[str],
    *,
    name: str,
    preprocessing: Preprocessing,
    labels: np.ndarray | None,
    classes: tuple[str, ...],
    license: str,
    source: str,
    levels: list[float] | None = None,
) -> Dataset:
    """Decode images into a data set whose labels are part of its fingerprint."""
    prepared = prepare_files(files, image_names, dataset=name, preprocessing=preprocessing)
    chosen, fingerprint = choose_levels(prepared, levels, prepared.about["fingerprint"])
    if labels is not None:
        what = f"{fingerprint} {tensors_digest({'labels': labels})} {' '.join(classes)}"
        fingerprint = bytes_digest(what.encode())
    return Dataset(
        name=name,
        images=prepared.images,
        labels=repeat_labels(labels, preprocessing),
        classes=classes,
        license=license,
        source=source,
        levels=chosen,
        fingerprint=fingerprint,
    )
