import json
import os

import pytest

from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.contents import parse_manifest
from ganzoo.catalog.registry.maintenance import remove_version
from ganzoo.catalog.registry.versions import open_version, version_at, version_numbers
from ganzoo.errors import EnvironmentProblem, InvalidInput, UnknownName, UsageError
from ganzoo.files import publish
from ganzoo.files.digests import bytes_digest


@pytest.fixture
def place(tmp_path):
    return tmp_path / "registry"


def test_versions_are_numbered_from_one_and_read_back(place, content, create):
    first, second = create(place, "small", content()), create(place, "small", content(value=1))
    assert (first.number, second.number) == (1, 2)
    assert first.created and second.created
    assert version_numbers(place / "small") == [1, 2]
    found = open_version(place / "small", 1)
    assert found == first and found.is_complete
    assert found.read("generator.safetensors") == content()["generator.safetensors"]
    assert found.card().summary == "A card to test with"
    assert found.name == "small@1"


def test_a_folder_can_be_read_by_plain_eyes(place, content, create):
    path = create(place, "small", content() | {"samples.png": b"png"}).path
    names = {"manifest.json", "card.toml", "generator.safetensors", "README.md", "samples.png"}
    assert set(os.listdir(path)) == names
    text = (path / "manifest.json").read_text()
    assert json.loads(text)["model"] == "small"
    assert text.count("\n") > 10
    assert "# small\n" in (path / "README.md").read_text()


def test_the_digest_is_that_of_the_manifest_and_depends_on_content_only(tmp_path, content, create):
    one = create(tmp_path / "a", "small", content())
    create(tmp_path / "b", "small", content(value=5))
    other = create(tmp_path / "b", "small", content())
    assert (one.number, other.number) == (1, 2)
    assert one.digest == other.digest
    assert one.digest == bytes_digest((one.path / "manifest.json").read_bytes())


def test_files_are_read_only_as_far_as_the_umask_allows(place, content, create):
    before = os.umask(0o027)
    try:
        path = create(place, "small", content()).path
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o440}


def test_the_same_content_is_the_same_version(place, content, create):
    first = create(place, "small", content())
    create(place, "small", content(value=1))
    again = create(place, "small", content())
    assert again == first and not again.created
    other_page = create(place, "small", content() | {"README.md": b"Another page"})
    assert other_page == first
    other_parent = create(place, "small", content(), parent="a" * 64)
    assert other_parent.number == 3


def test_after_the_greatest_number_nothing_is_published(place, content, create):
    (place / "small" / "999999999").mkdir(parents=True)
    with pytest.raises(UsageError, match="No number is left for a new version of 'small'"):
        create(place, "small", content())
    assert [path.name for path in (place / "small").iterdir()] == ["999999999"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: files.pop("card.toml"),
        lambda files: files.pop("generator.safetensors"),
        lambda files: files.update({"../x": b""}),
        lambda files: files.update({"manifest.json": b""}),
    ],
)
def test_only_known_files_are_published(place, content, create, spoil):
    files = content()
    spoil(files)
    with pytest.raises(UsageError, match="A version holds"):
        create(place, "small", files)
    assert not place.exists()


@pytest.mark.parametrize("card", [b"", b"schema = 1", b"\xff", b'name = "x"\nname = "y"'])
def test_a_bad_card_is_not_published(place, content, create, card):
    with pytest.raises(InvalidInput, match=r"card\.toml"):
        create(place, "small", content() | {"card.toml": card})
    assert not place.exists()


def test_the_card_of_another_model_is_not_published(place, content, create):
    with pytest.raises(InvalidInput, match="must be 'other'"):
        create(place, "other", content())


@pytest.mark.parametrize("name", ["", "..", "/abs", "a/b", "A", "x" * 65, "a.", "a\0", "a@2", "é"])
def test_no_hostile_name_makes_a_folder(tmp_path, content, create, name):
    with pytest.raises(UsageError, match="Not a valid model name"):
        create(tmp_path / "registry", name, content())
    assert not (tmp_path / "registry").exists()


# What is not as it was published


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


FAULTS = {
    "flipped": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "missing": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("file", ["generator.safetensors", "card.toml", "manifest.json"])
def test_what_was_altered_is_refused_each_time(place, content, create, fault, file):
    create(place, "small", content())
    path = create(place, "small", content(value=1)).path
    path.chmod(0o755)
    (path / file).chmod(0o644)
    FAULTS[fault](path / file)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="small@2 is not what was published"):
            aliases.select_version(place / "small").read_all()  # not silently an older one
    assert open_version(place / "small", 1).read_all()
    assert path.is_dir()  # it may be the only copy
    again = create(place, "small", content(value=1))
    assert again.created and again.number == 3
    remove_version(place / "small", 2)
    assert create(place, "small", content(value=1)).read_all()


def test_a_stranger_among_the_files_is_noticed(place, content, create):
    version = create(place, "small", content())
    (version.path / "more.txt").write_text("x")
    with pytest.raises(InvalidInput, match="not published: .more.txt"):
        open_version(place / "small", 1).read_all()


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2}, {"schema": True}, {"model": "other"}, {"parent": "x"}, {"files": {}},
        {"files": []}, {"plugins": {"os": {}}}, {"plugins": {"architecture": {"x": "y"}}},
        {"plugins": {"architecture": {"name": 3}}}, {"more": 1}, {"parent": "A" * 64},
    ],
)  # fmt: skip
def test_a_manifest_is_read_strictly(place, content, create, change):
    path = create(place, "small", content()).path / "manifest.json"
    changed = json.loads(path.read_text()) | change
    raw = json.dumps(changed, indent=2, sort_keys=True).encode() + b"\n"
    with pytest.raises(InvalidInput):
        parse_manifest(raw, "small")


@pytest.mark.parametrize("entry", [{"size": -1}, {"size": True}, {"sha256": "x"}, {"more": 1}])
@pytest.mark.parametrize("name", ["card.toml", "../../etc/passwd"])
def test_an_entry_of_a_manifest_is_read_strictly(place, content, create, entry, name):
    path = create(place, "small", content()).path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = manifest["files"]["card.toml"] | entry
    raw = json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"
    with pytest.raises(InvalidInput):
        parse_manifest(raw, "small")


def test_a_manifest_has_one_text_only(place, content, create):
    raw = (create(place, "small", content()).path / "manifest.json").read_bytes()
    assert parse_manifest(raw, "small")["model"] == "small"
    with pytest.raises(InvalidInput):
        parse_manifest(raw.replace(b": ", b":"), "small")


# Removing


def test_a_removed_version_is_gone_and_the_others_keep_their_numbers(place, content, create):
    for value in range(3):
        create(place, "small", content(value=value))
    remove_version(place / "small", 2)
    assert version_numbers(place / "small") == [1, 3]
    assert create(place, "small", content(value=9)).number == 4
    with pytest.raises(UsageError, match="Version 2 of 'small' does not exist. Known: 1, 3, 4"):
        remove_version(place / "small", 2)


def test_a_full_disk_leaves_nothing(place, content, create, monkeypatch):
    create(place, "small", content())
    before = sorted(p.name for p in (place / "small").rglob("*"))

    def full(name, path):
        if name == "fsync":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "on_step", [full])
    with pytest.raises(EnvironmentProblem, match="No space left"):
        create(place, "small", content(value=1))
    assert sorted(p.name for p in (place / "small").rglob("*")) == before


def test_a_version_is_found_by_its_path(place, content, create):
    version = create(place, "small", content())
    assert version_at(version.path) == version
    assert version_at(place / "small") is None
    assert version_at(place / "nothing" / "1") is None


# Aliases


def test_an_alias_moves_and_latest_is_the_greatest_number(place, content, create):
    folder = place / "small"
    for value in range(3):
        create(place, "small", content(value=value))
    aliases.set_alias(folder, 1, "best")
    assert aliases.select_version(folder, "best").number == 1
    assert aliases.select_version(folder).number == 3
    aliases.set_alias(folder, 2, "best")
    assert aliases.select_version(folder, "best").number == 2
    assert (folder / "aliases" / "best").read_text() == "2\n"
    assert aliases.readable_aliases(folder) == {"best": 2}
    aliases.remove_alias(folder, "best")
    with pytest.raises(UnknownName, match="Unknown alias"):
        aliases.select_version(folder, "best")


def test_a_bad_alias_is_in_nobodys_way_and_can_be_removed(place, content, create):
    create(place, "small", content())
    folder = place / "small"
    aliases.set_alias(folder, 1, "best")
    (folder / "aliases" / "bad").write_text("x")
    assert aliases.select_version(folder, "best").number == 1
    with pytest.raises(InvalidInput, match="holds a version's number"):
        aliases.select_version(folder, "bad")
    aliases.remove_alias(folder, "bad")
    assert aliases.alias_names(folder) == ["best"]


@pytest.mark.parametrize("alias", ["latest", "3", "", "..", "../x", "a/b", "B", "a\n", "x" * 65])
def test_some_words_are_no_alias(place, content, create, alias):
    create(place, "small", content())
    with pytest.raises(UsageError):
        aliases.set_alias(place / "small", 1, alias)
    assert not (place / "small" / "aliases").exists()


def test_an_alias_of_nothing_is_refused(place, content, create):
    create(place, "small", content())
    with pytest.raises(UsageError, match="Version 2 of 'small' does not exist"):
        aliases.set_alias(place / "small", 2, "best")


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "1.5", "1\n1", "../../x", "9" * 30])
def test_an_alias_holds_a_number_only(place, content, create, text):
    create(place, "small", content())
    aliases.set_alias(place / "small", 1, "best")
    (place / "small" / "aliases" / "best").write_text(text)
    with pytest.raises(InvalidInput, match="An alias holds a version's number"):
        aliases.select_version(place / "small", "best")
