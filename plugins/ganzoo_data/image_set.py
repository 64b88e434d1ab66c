"""What the published sets of images share that come as a folder, a zip or a copy on the Hub.

A plugin is a line in this table and a function with the options that its images have.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.fetching import Known, described
from ganzoo.data.folder import Files
from ganzoo.data.images import Preprocessing
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest, tensors_digest
from ganzoo.files.text import quote

from .hub_repository import copy_repository
from .places import at_home, not_here, open_files, own_name, shared_folder, within
from .stylegan_layout import LIST, in_layout, listed_labels

PARTS = ("train", "test", "all")
_PART = re.compile(r"(?:(.+)_)?(train|val|test)(?:_lmdb)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """A published set of images.

    Args:
        name: Ours: `"afhq"`.
        title: Its name, for people.
        license: Its terms in one line.
        terms: The same at length, shown before anything is downloaded.
        source: Authors, year and address.
        ways: Where to get it, as the end of the sentence "To get it: ...".
        classes: The folders that are classes, in the order of the labels; empty if it has none.
        folders: Folders to look into, the first one of them that is there; empty for all.
        count: How many images there are in all; `None` where that depends on what one has.
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
        part: str = "all",
    ) -> Dataset:
        """The images in color, center-cropped and scaled, with their class folders as labels.

        Args:
            data: Folder or zip; by default the one in the data folder.
            size: Height and width in pixels.
            repository: Id of a copy on the Hub, of image files or zips, to use instead.
            revision: Branch, tag or commit of it.
            images: Use at most so many, in the order of their names.
            only: One of the classes, whose images are taken without labels.
            part: `"train"`, `"test"` or `"all"`.
        """
        count, preprocessing = check_max_images(images), Preprocessing(size=size, mode="rgb")
        if only is not None and only not in self.classes:
            raise unknown("class", str(only), self.classes)
        if part not in PARTS:
            raise unknown("part", str(part), PARTS)
        whole = self.count if only is None and repository is None else None
        with described(self._known(whole and min(count or whole, whole), size)):
            files = self._files(data, repository, revision)
        listed = in_layout(files)
        if listed is not None:
            files, image_names = listed, self._in_one_part(listed, only, part)
            labels, classes = listed_labels(files, image_names, self.classes)
        else:
            image_names = self._choose_files(files.image_names(), part, files)
            image_names, labels, classes = self._of_classes(files, image_names, only)
            files, image_names = _from(shared_folder(image_names), files, image_names)
        return dataset_of(
            files,
            image_names[:count],
            name=self.name,
            preprocessing=preprocessing,
            labels=None if labels is None else labels[:count],
            classes=classes,
            license=self.license,
            source=self.source,
        )

    def _known(self, count: int | None, size: int) -> Known:
        return Known(
            name=self.name,
            license=self.license,
            source=self.source,
            classes=self.classes,
            count=count,
            image_shape=(size, size, 3),
        )

    def _files(self, data: str | None, repository: str | None, revision: str) -> Files:
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

        def bring(root):
            raise not_here(self.title, root, ways)

        return open_files(at_home(self.name, bring))

    def _in_one_part(self, files: Files, only: str | None, part: str) -> tuple[str, ...]:
        """All the images of a zip of StyleGAN's, which has no folders to choose by."""
        if only is not None or part == "test":
            asked = f"only={only!r}" if only is not None else f"part={part!r}"
            raise UsageError(
                f"Images listed in {LIST} are taken as they are: of one part, in no class"
                f" folders. Received: {asked} for {quote(files.where)}."
            )
        return files.image_names()

    def _choose_files(self, image_names: Sequence[str], part: str, files: Files) -> tuple[str, ...]:
        """The images of a part, in the folders to look into."""
        for folder in self.folders:
            found = [name for name in image_names if folder in _folders(name)]
            if found:
                image_names = found
                break
        if part != "all":
            tests = [name for name in image_names if _is_test(name)]
            beside = set(tests)
            trains = [name for name in image_names if name not in beside]
            image_names = tests if part == "test" else trains
        if not image_names:
            raise InvalidInput(
                f"There are no images of the part {part!r} of {self.title} in"
                f" {quote(files.where)}. Expected: folders called train, and val or test."
            )
        return tuple(image_names)

    def _of_classes(
        self, files: Files, image_names: tuple[str, ...], only: str | None
    ) -> tuple[tuple[str, ...], np.ndarray | None, tuple[str, ...]]:
        """Images, labels and the classes that are there; no labels for a single class."""
        top = own_name(files)
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
        """The innermost folder that is a class: `bedroom` of `bedroom_train/0/1.jpg`.

        `train` is a class only where no other folder is one: LSUN has images of trains.
        """
        matches = [(folder, _PART.fullmatch(folder)) for folder in reversed(folders)]
        named = [match[1] if match and match[1] else folder for folder, match in matches]
        parts = [folder for folder, match in matches if match and not match[1]]
        plain = [name for name in named if name not in parts]
        return next((n.lower() for n in [*plain, *parts] if n.lower() in self.classes), None)


def _folders(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parent.parts


def _is_test(name: str) -> bool:
    """Whether an image was put aside: in `val`, in `church_outdoor_val`."""
    return any(
        match[2].lower() != "train"
        for match in map(_PART.fullmatch, _folders(name))
        if match is not None
    )


def _from(folder: str, files: Files, image_names: Sequence[str]) -> tuple[Files, tuple[str, ...]]:
    """Files and images, named from the folder."""
    start = f"{folder}/" if folder else ""
    return within(files, folder), tuple(name.removeprefix(start) for name in image_names)


def dataset_of(
    files: Files,
    image_names: Sequence[str],
    *,
    name: str,
    preprocessing: Preprocessing,
    labels: np.ndarray | None,
    classes: tuple[str, ...],
    license: str,
    source: str,
) -> Dataset:
    """Prepared images with labels that are part of their fingerprint."""
    prepared = prepare_files(
        files,
        image_names,
        dataset=name,
        preprocessing=preprocessing,
    )
    fingerprint = prepared.about["fingerprint"]
    if labels is not None:
        what = f"{fingerprint} {tensors_digest({'labels': labels})} {' '.join(classes)}"
        fingerprint = bytes_digest(what.encode())
    return Dataset(
        name=name,
        images=prepared.images,
        labels=labels,
        classes=classes,
        license=license,
        source=source,
        fingerprint=fingerprint,
    )
