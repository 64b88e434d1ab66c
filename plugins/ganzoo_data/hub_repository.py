"""Images of a repository on the Hugging Face Hub at one commit, kept in the data folder.

    <data folder>/hub/<owner>--<name>/revisions.json    which commit a branch or tag meant
                                      <commit>.json     what the repository holds there
                                      <commit>/...      the images or archives themselves

A branch is asked for its commit once, and that is kept: a data set does not change under a
training. A commit's files are known by size and digest before they are asked for. The second
start asks nobody.
"""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from ganzoo.data.download import HubFile, data_repository, download_files
from ganzoo.data.folder import Files, open_folder
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.home import data_home
from ganzoo.files.text import quote

from .data_files import join_archives, split_loose_and_zipped
from .hub_listing import list_repository, resolve_commit
from .parquet_tables import SUFFIX

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_SPLIT = re.compile(r"(?:^|/)(train|test|val|valid|validation|dev)(?=[-_./])[^/]*$")
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,199}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class RepositoryCopy:
    """Images of a repository, in the data folder.

    Args:
        files: The images, the members of the archives, or the tables.
        commit: In full.
        license: What the repository's page states, in one line.
        tables: Names of Parquet files among the files, if the images are in these.
    """

    files: Files
    commit: str
    license: str
    tables: tuple[str, ...] = ()


def copy_repository(
    repository: str,
    revision: str,
    *,
    title: str,
    ways: str,
    license: str | None = None,
    only: str | None = None,
    tables: bool = False,
) -> RepositoryCopy:
    """Image files or zip archives of a data set repository, downloaded if they are not here.

    Args:
        repository: `"owner/name"`.
        revision: Branch, tag or commit. What is no commit is asked for once, and remembered.
        title: Name of the data set, for people.
        ways: The other ways to get it, for errors.
        license: Its terms, shown before the download; by default what the repository states.
        tables: Whether the tables count and not the images beside them, whose paths they hold.
        only: A pattern such as `"train/*.png"`: the files to take, where it is not all.

    Raises:
        UsageError: No id, revision or pattern of the right form; or the pattern fits nothing.
        InvalidInput: The repository holds no such files, or both kinds, or odd names.
        EnvironmentProblem: No client, network or disk space, or no such repository.
    """
    _check_option("id", repository, _ID, "owner/name")
    _check_option("revision", revision, _REVISION, "a commit, branch or tag")
    kept = data_home() / "hub" / repository.replace("/", "--")
    connect = partial(data_repository, repository, title=title, ways=ways)
    commit = resolve_commit(kept, revision, title, connect)
    listing = list_repository(kept, commit, connect)
    where = f"{repository} at {commit[:12]}"
    image_names, archives, chosen = _choose_files(listing.files, only, where, tables=tables)
    names = {*(image_names or archives), *chosen}
    folder = kept / commit
    stated = f"License, as the repository states it: {listing.license}."
    download_files(
        [file for file in listing.files if file.name in names],
        repository=repository,
        revision=commit,
        folder=folder,
        title=title,
        license=f"{license or stated}\nFrom {dataset_address(repository, commit)}",
        ways=ways,
    )
    # other files may lie there, of another pattern
    files = (
        join_archives(folder, archives) if archives else _restrict_files(open_folder(folder), names)
    )
    stated = listing.license
    return RepositoryCopy(files=files, commit=commit, license=stated, tables=tuple(chosen))


def _check_option(what: str, value: str, pattern: re.Pattern[str], expected: str) -> None:
    odd = not isinstance(value, str) or not pattern.fullmatch(value) or ".." in value
    if odd or "--" in value.partition("/")[0]:  # no owner has that, and folders would collide
        raise UsageError(
            f"The {what} of a repository must be {expected}. Received: {quote(value)}."
        )


def dataset_address(repository: str, commit: str) -> str:
    """The page of the repository at a commit."""
    return f"https://huggingface.co/datasets/{repository}/tree/{commit}"


def _restrict_files(files: Files, names: Iterable[str]) -> Files:
    return replace(files, names=tuple(sorted(names)), folders=())


def _choose_files(
    files: tuple[HubFile, ...], only: str | None, where: str, *, tables: bool
) -> tuple[list[str], list[str], list[str]]:
    """The names of the images, or of the archives, or of the tables to bring."""
    names = sorted(file.name for file in files)
    if only is not None:
        chosen = [name for name in names if fnmatch.fnmatchcase(name, only)]
        if not chosen:
            raise UsageError(
                f"No file of {where} fits the pattern. Received: only={only!r}.",
                hint=f"It holds {_example_names(names)}.",
            )
        names = chosen
    image_names, archives = split_loose_and_zipped(
        names, where, hint="Choose with --set dataset.only=PATTERN."
    )
    found = [name for name in names if name.lower().endswith(SUFFIX)]
    if found and not archives and (tables or not image_names):
        _check_one_split(found, where)
        return image_names, [], found
    if not image_names and not archives:
        raise InvalidInput(
            f"Expected PNG, JPEG or WebP files, zip archives of them or Parquet files in {where}."
            f" Received: {_example_names(names)}.",
            hint="Choose another repository or revision.",
        )
    return image_names, archives, []


def _check_one_split(tables: list[str], where: str) -> None:
    """Refuse tables of several splits; `datasets` names them `train-00000-of-00001.parquet`."""
    splits = sorted({match[1] for match in map(_SPLIT.search, tables) if match})
    if len(splits) > 1:
        example = next(name for name in tables if (m := _SPLIT.search(name)) and m[1] == splits[-1])
        pattern = example[: example.rindex(splits[-1]) + len(splits[-1])] + "*"
        raise InvalidInput(
            f"There are tables of several splits in {where}: {', '.join(splits)}.",
            hint=f"Choose one: --set 'dataset.only={pattern}'.",
        )


def _example_names(names: list[str]) -> str:
    some = ", ".join(quote(name, 60) for name in names[:3]) or "nothing"
    return f"{len(names):,} files: {some}{', ...' if names[3:] else ''}"
