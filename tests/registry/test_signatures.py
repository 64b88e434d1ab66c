"""Signatures of versions: made, carried along, and refused where a key is known."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ganzoo.catalog.registry import lookup, signatures
from ganzoo.catalog.registry.added import add_registry, added_registries, forget_registry
from ganzoo.catalog.registry.versions import open_version
from ganzoo.cli import main
from ganzoo.errors import EnvironmentProblem, InvalidInput, UnknownName, UsageError
from ganzoo.files.manifests import listing
from ganzoo.files.strict_json import canonical_json
from ganzoo.jobs.hub.pull import find_or_pull
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.manage import list_registries, pull, remove, sign
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.publishing.verify import verify

ADDRESS = "hf://me/gans"
# what the client itself is told by the library under it when it uploads
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
PEM, OPENSSH = serialization.Encoding.PEM, serialization.Encoding.OpenSSH
PKCS8, SSH = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH
PLAIN = serialization.NoEncryption()


def write_keys(folder, name, encoding=PEM, layout=PKCS8, encryption=PLAIN):
    """Paths of a new private key and of its public one."""
    private = Ed25519PrivateKey.generate()
    paths = folder / name, folder / f"{name}.pub"
    paths[0].write_bytes(private.private_bytes(PEM, layout, encryption))
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    if encoding == OPENSSH:
        public = serialization.PublicFormat.OpenSSH
    paths[1].write_bytes(private.public_key().public_bytes(encoding, public))
    return paths


@pytest.fixture
def keys(tmp_path):
    return write_keys(tmp_path, "key")


@pytest.fixture
def team(made_run, tmp_path, keys):
    """The folder of a model in a registry whose key is known; two versions of it are signed."""
    for value in (1.0, 2.0):
        push(made_run(f"run{value}", value=value).path, "small", folder=tmp_path / "team")
        sign("small", keys[0], folder=tmp_path / "team")
    add_registry(str(tmp_path / "team"), key=signatures.read_public_key(keys[1]))
    return tmp_path / "team" / "small"


def test_what_the_known_key_has_signed_is_used(team, keys):
    assert find_source("small").title == "small-2"
    assert find_source("small@1").title == find_source(str(team / "1")).title == "small-1"
    found = verify("small", key=keys[1])
    assert found["problems"] == [] and found["signatures"]["1"].startswith("by ed25519:")
    assert verify("small") == found  # the key is known without being named
    assert verify("small@1")["signature"] == found["signatures"]["1"]
    weights = str(team / "1" / "generator.safetensors")
    assert find_source(weights).title == "small-1" and verify(weights)["problems"] == []


def test_a_key_is_for_versions_alone(team, made_run, keys, home):
    (home / "registry" / "empty").mkdir(parents=True)
    card = (team / "1" / "card.toml").read_text().replace('"small"', '"empty"')
    (home / "registry" / "empty" / "card.toml").write_text(card)
    weights = str(team / "1" / "generator.safetensors")
    for source in (weights, str(made_run().path), str(home / "registry"), "user:empty"):
        with pytest.raises(UsageError, match="Only versions of models are signed"):
            verify(source, key=keys[1])
    for source in ("small", str(team), str(team / "1"), str(team.parent)):
        assert verify(source, key=keys[1])["problems"] == []


@pytest.mark.parametrize("wrong", ["recipe.toml", "manifest.json"])
def test_what_makes_no_version_of_a_folder_makes_no_way_around_the_key(team, wrong):
    (team / "2").chmod(0o755)
    (team / "signatures" / "2.sig").unlink()
    if wrong == "recipe.toml":  # as if it were a run
        (team / "2" / wrong).touch()
    else:
        (team / "2" / wrong).unlink()
    for path in (team / "2", team / "2" / "generator.safetensors"):
        with pytest.raises(InvalidInput):
            find_source(str(path))
    with suppress(InvalidInput):
        assert verify(str(team / "2"))["problems"]


@pytest.mark.skipif(not os.path.exists("/usr/bin/openssl"), reason="needs OpenSSL")
def test_a_signature_is_checked_by_openssl_alone(team, keys):
    subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", keys[1], "-rawin",
         "-in", team / "2" / "manifest.json", "-sigfile", team / "signatures" / "2.sig"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("layout", [PKCS8, SSH])
def test_keys_of_openssl_and_of_openssh_sign(made_run, tmp_path, layout, encrypted):
    push(made_run().path, "small")
    lock = serialization.BestAvailableEncryption(b"open it") if encrypted else PLAIN
    encoding = OPENSSH if layout == SSH else PEM
    private, public = write_keys(tmp_path, "theirs", encoding, layout, lock)
    if encrypted:
        with pytest.raises(UsageError, match="is encrypted"):
            sign("small", private)
        with pytest.raises(InvalidInput, match="does not open"):
            sign("small", private, passphrase=lambda: "shut")
    sign("small", private, passphrase=lambda: "open it")
    assert verify("small", key=public)["problems"] == []


def other_manifest(team):
    """A version that is whole in itself, under a signature that was made for another."""
    path = team / "2" / "manifest.json"
    version = open_version(team, 2)
    files = version.read_all() | {"README.md": b"Better than ever."}
    (team / "2" / "README.md").chmod(0o644)
    (team / "2" / "README.md").write_bytes(files["README.md"])
    path.chmod(0o644)
    path.write_text(canonical_json({**version.manifest, "files": listing(files)}, indent=2) + "\n")
    assert open_version(team, 2).read_all() == files


def flip(path):
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def link(team):
    path = team / "signatures" / "2.sig"
    path.unlink()
    path.symlink_to(team / "2" / "card.toml")


WRONG = {
    "no signature": lambda team: (team / "signatures" / "2.sig").unlink(),
    "another key's": lambda team: sign(
        "small@2", write_keys(team.parent.parent, "other")[0], folder=team.parent
    ),
    "another version's": lambda team: (team / "signatures" / "2.sig").write_bytes(
        (team / "signatures" / "1.sig").read_bytes()
    ),
    "another manifest": other_manifest,
    "a bit of the signature": lambda team: flip(team / "signatures" / "2.sig"),
    "half a signature": lambda team: os.truncate(team / "signatures" / "2.sig", 32),
    "too long": lambda team: (team / "signatures" / "2.sig").write_bytes(bytes(65)),
    "a link elsewhere": link,
    "altered weights": lambda team: flip(team / "2" / "generator.safetensors"),
    "a missing file": lambda team: (team / "2" / "generator.safetensors").unlink(),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_is_wrong_with_a_signed_version_is_refused(team, wrong):
    (team / "2").chmod(0o755)
    WRONG[wrong](team)
    weights = str(team / "2" / "generator.safetensors")
    for name in ("small", "small@2", "team:small@2", str(team / "2"), weights):
        with pytest.raises((InvalidInput, UnknownName)):  # the latter of a file that is gone
            find_source(name)
    assert verify(str(team))["problems"]
    assert find_source("small@1").title == "small-1"


def test_a_file_too_many_is_found(team):
    (team / "2").chmod(0o755)
    (team / "2" / "extra").touch()
    assert verify("small")["problems"]
    (team / "2" / "extra").unlink()
    (team / "signatures" / "9.sig").write_bytes(bytes(64))
    (found,) = verify("small")["problems"]
    assert found["path"].endswith("9.sig")


def test_a_signature_is_of_no_account_where_no_key_is_known(made_run, tmp_path, keys):
    push(made_run().path, "small")
    assert verify("small@1")["signature"] == "none"
    sign("small", keys[0])
    assert "not checked" in verify("small@1")["signature"]
    assert find_source("small").title == "small-1"
    other = write_keys(tmp_path, "other")[1]
    assert verify("small@1", key=other)["signature"] == "bad"
    assert verify("small@1", key=other)["problems"]


def test_a_version_that_goes_takes_its_signature_along(made_run, home, keys):
    push(made_run().path, "small")
    sign("small", keys[0])
    remove("small@1")
    push(made_run("other", value=2.0).path, "small")
    assert verify("small@1")["signature"] == "none"


def test_what_is_damaged_is_not_signed(made_run, home, keys):
    push(made_run().path, "small")
    flip(home / "registry" / "small" / "1" / "generator.safetensors")
    with pytest.raises(InvalidInput, match="not what was published"):
        sign("small", keys[0])
    assert not (home / "registry" / "small" / "signatures").exists()


def test_a_registry_that_is_forgotten_has_no_key_any_more(team):
    (team / "signatures" / "2.sig").unlink()
    forget_registry("team")
    add_registry(str(team.parent))
    assert find_source("small").title == "small-2"


def test_a_key_stays_as_long_as_its_registry_is_added_by_another_name(team, tmp_path, keys):
    public = signatures.read_public_key(keys[1])
    (tmp_path / "link").symlink_to(team.parent)
    add_registry(str(tmp_path / "link"))
    forget_registry("team")
    assert signatures.trusted_key(team.parent) == public
    forget_registry("link")
    assert signatures.trusted_key(team.parent) is None
    add_registry("hf://Org/zoo", key=public)
    add_registry("hf://org/zoo@v1", "zoo1")
    listed = {one["name"]: one["key"] for one in list_registries()}
    assert listed["zoo"] == listed["zoo1"] == signatures.key_text(public)  # of any revision
    assert listed["user"] is None
    forget_registry("zoo")
    assert signatures.trusted_key("hf://org/zoo") == public
    forget_registry("zoo1")
    assert signatures.trusted_key("hf://org/zoo") is None


def test_an_address_that_is_none_is_forgotten(home):
    (home / "registries.toml").write_text('bad = "hf://nothing"\n')
    forget_registry("bad")
    assert "bad" not in added_registries()


def test_with_damaged_keys_no_registry_is_used(team, home):
    (home / "keys.toml").write_text('"somewhere" = "rsa:00"\n')
    with pytest.raises(InvalidInput, match="holds registries and keys"):
        find_source("small")
    (home / "keys.toml").unlink()
    (home / "keys.toml").symlink_to("keys.toml")  # the system cannot read it
    for name in ("small", str(team / "1"), str(team / "1" / "generator.safetensors")):
        with pytest.raises(EnvironmentProblem, match="keys.toml"):
            find_source(name)


@pytest.mark.parametrize("content", [b"", b"ssh-rsa AAAA", b"\xff" * 64, None])
def test_a_file_that_holds_no_public_key_is_refused(tmp_path, keys, content):
    path = tmp_path / "bad.pub"
    if content is None:  # of another kind
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        layout = serialization.PublicFormat.SubjectPublicKeyInfo
        content = public.public_bytes(PEM, layout)
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="not a public Ed25519 key"):
        signatures.read_public_key(path)
    with pytest.raises(InvalidInput, match="not a public Ed25519 key"):
        signatures.read_public_key(keys[0])  # nobody hands out a private one by mistake


def test_a_file_that_holds_no_private_key_is_refused(made_run, keys):
    push(made_run().path, "small")
    with pytest.raises(InvalidInput, match="not a private Ed25519 key"):
        sign("small", keys[1])


def test_without_the_library_it_is_named(made_run, keys, monkeypatch):
    push(made_run().path, "small")
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(EnvironmentProblem, match=r"keras-ganzoo\[sign\]"):
        sign("small", keys[0])


# On the Hub


@pytest.fixture
def trusted(keys):
    add_registry(ADDRESS, "theirs", signatures.read_public_key(keys[1]))


def test_what_is_not_signed_is_refused_before_its_weights_are_fetched(server, offered, trusted):
    offered(1)
    for refused in (lambda: pull(ADDRESS), lambda: find_or_pull(ADDRESS)):
        with pytest.raises(InvalidInput, match="small@1 is not signed"):
            refused()
    assert not server.asked("/storage/") and not server.asked("generator.safetensors")
    assert "small" not in lookup.models()


def test_a_signed_version_is_pushed_and_pulled_with_its_signature(
    server, made_run, trusted, keys, home
):
    push(made_run().path, "small")
    sign("small", keys[0])
    push("user:small", "small", to=ADDRESS)
    assert pull(ADDRESS)["version"] == 1
    assert verify(f"{ADDRESS}/small")["signatures"]["1"].startswith("by ed25519:")
    found = find_source("theirs:small@1")
    assert found.title == "small-1"
    folder = found.where.parent  # where it was pulled to, which is the same registry
    assert verify(str(folder))["signature"].startswith("by ed25519:")
    (folder.parent / "signatures" / "1.sig").unlink()
    for path in (folder, folder / "generator.safetensors"):
        with pytest.raises(InvalidInput, match="is not signed"):
            find_source(str(path))


def test_what_is_signed_later_is_signed_by_another_push(server, made_run, trusted, keys):
    push(made_run().path, "small")
    push("user:small", "small", to=ADDRESS)
    before = server.branches["main"]
    with pytest.raises(InvalidInput, match="is not signed"):
        pull(ADDRESS)
    sign("small", keys[0])
    assert not push("user:small", "small", to=ADDRESS)["created"]
    after = server.branches["main"]
    assert {*server.commits[after]} - {*server.commits[before]} == {"small/signatures/1.sig"}
    assert pull(ADDRESS)["version"] == 1
    push("user:small", "small", to=ADDRESS)
    assert server.branches["main"] == after  # it is there already


def test_a_key_that_was_given_counts_for_one_pull(server, made_run, tmp_path, keys, capsys):
    push(made_run().path, "small")
    sign("small", keys[0])
    push("user:small", "small", to=ADDRESS)
    other = write_keys(tmp_path, "other")[1]
    assert main(["pull", ADDRESS, "--key", str(other)]) == 3
    assert "is another key's" in capsys.readouterr().err
    assert main(["pull", ADDRESS, "--key", str(keys[1])]) == 0


# From the command line


def test_a_version_is_signed_and_verified_by_commands(made_run, keys, tmp_path, capsys):
    push(made_run().path, "small", folder=tmp_path / "team")
    words = ["--registry", str(tmp_path / "team"), "--key", str(keys[0])]
    assert main(["registry", "add", str(tmp_path / "team"), "--key", str(keys[1])]) == 0
    assert main(["info", "small@1"]) == 3
    assert main(["sign", "small@1", *words]) == 0
    assert "ed25519:" in capsys.readouterr().out
    assert main(["info", "small@1"]) == main(["verify", "small"]) == 0
    assert main(["verify", "small", "--key", str(write_keys(tmp_path, "other")[1])]) == 3
    assert "is another key's" in capsys.readouterr().err


# Weights that are read


@pytest.mark.backend
def test_a_deep_verification_reads_the_weights_into_their_networks(made_run):
    found = verify("dcgan-digits", deep=True)
    assert found["problems"] == [] and len(found["loaded"]) == len(found["versions"])
    push(made_run().path, "small")  # its arrays fit no network
    assert verify("small")["problems"] == []
    for name in ("small", "small@1", "run"):
        found = verify(name, deep=True)
        assert found["loaded"] == [] and "generator" in found["problems"][0]["reason"]
