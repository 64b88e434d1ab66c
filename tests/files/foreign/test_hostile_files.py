"""Hostile files of other libraries: nothing runs, and each ends in one line, soon and cheaply."""

import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.foreign import open_weights

ARRAY = pickle.dumps(np.ones(3, "f4"), 2)[2:-1]  # the instructions for an array
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
TENSOR += b"X\1\0\0\0%aX\3\0\0\0cpuJ%btQ%c\x89NtR"


class Code:
    """An object whose pickle makes a file when it is loaded."""

    def __init__(self, path):
        self.call = (os.system, (f"touch {path}",))

    def __reduce__(self):
        return self.call


def code(path, protocol):
    return pickle.dumps({"a": np.ones(3), "b": Code(path)}, protocol)


def instructions_that_run(path):
    """Every instruction that calls something, for `pickle` itself."""
    command = f"touch {path}".encode()
    text = b"X" + struct.pack("<I", len(command)) + command
    return {
        "REDUCE": b"cos\nsystem\n(" + text + b"tR.",
        "INST": b"(" + text + b"ios\nsystem\n.",
        "OBJ": b"(cos\nsystem\n" + text + b"o.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + text + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n" + text + b"\x85}\x92.",
        "STACK_GLOBAL": b"\x80\x04X\2\0\0\0osX\6\0\0\0system\x93" + text + b"\x85R.",
        "dotted": b"\x80\x04X\5\0\0\0torchX\x0d\0\0\0_utils.os.syst\x93" + text + b"\x85R.",
        "known class": b"ctorch.nn.modules.linear\nLinear\n(" + text + b"tR.",
        "known name": b"ctraining\nos.system\n(" + text + b"tR.",
        "reconstructor": b"ccopyreg\n_reconstructor\n(cos\nsystem\n" + text + b"NtR.",
        "EXT": b"\x80\x02\x82\x01" + text + b"\x85R.",
    }


def archived(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped(listing, members=(), compression=zipfile.ZIP_STORED):
    return archived([("a/data.pkl", listing), *members], compression)


def npz(header):
    content = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(8)
    return archived([("a.npy", content)])


def tensor(count=1, rest=b"K\0)(t", key=b"0"):
    """A file in the zip layout: of a storage, and offset, sizes and strides."""
    made = TENSOR.replace(b"%a", key).replace(b"%b", struct.pack("<i", count))
    listing = b"\x80\x02}X\1\0\0\0a" + made.replace(b"%c", rest) + b"s."
    return zipped(listing, [("a/data/0", bytes(4 * count if 0 <= count < 100 else 4))])


def bomb(size):
    """A zip archive of 4 MB with an array of 4 GB, which is so large by its own words."""
    header = b"{'descr':'|u1','fortran_order':False,'shape':(4293918720,)}"
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = deflate.compress(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header)
    start += deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    packed = start + block * 4095 + deflate.flush()
    content = archived([("a.npy", packed)])
    stored = struct.pack("<II", len(packed), len(packed))
    assert content.count(stored) == 2 and 3 * 2**20 < len(content) < 5 * 2**20
    content = bytearray(content.replace(stored, struct.pack("<II", len(packed), size)))
    content[8] = content[content.rindex(b"PK\x01\x02") + 10] = zipfile.ZIP_DEFLATED
    return bytes(content)


def doublings(leaf):
    """A list of two lists of two lists, 40 deep, which are one object each."""
    return b"\x80\x02" + leaf + b"".join(b"q%c](h%ch%ce" % (i, i, i) for i in range(99, 139)) + b"."


def legacy(rest):
    """A file in the older layout of PyTorch: its value and keys, then storages."""
    return b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.M\xe9\x03.}." + rest


def legacy_within(depth):
    content = legacy(b"].]." + bytes(100))
    for _ in range(depth):
        held = b"B" + struct.pack("<I", len(content)) + content
        content = legacy(b"ctorch.storage\n_load_from_bytes\n" + held + b"\x85R.]." + bytes(70))
    return content


def hdf5(fill, **options):
    """A file of HDF5, which `fill(file)` fills."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def group_in_itself():
    """A group whose one member has the header of the group's own parent."""
    content = hdf5(lambda file: file.create_group("aaaa/bbbb"))
    root, inner = struct.pack("<Q", 96), content.rindex(b"SNOD") + 8
    inner = content.index(b"SNOD", content.index(b"bbbb")) + 8
    return content[: inner + 8] + root + content[inner + 16 :]


def entry_of_a_link(file):
    import h5py

    file["a"], file["b"] = np.ones(3), h5py.SoftLink("/a")


def entry_of_another_file(file):
    import h5py

    file["a"] = h5py.ExternalLink("/etc/passwd", "/a")


def one_at_two_places(file):
    file["a"] = np.ones(3)
    file["b"] = file["a"]


MANY, MILLION, FOUR = 50_000, 1_000_000, 4_000_000
HOSTILE = {
    "list in itself": lambda: b"\x80\x02]q\0h\0a.",
    "dict in itself": lambda: b"\x80\x02}q\0X\1\0\0\0ah\0s.",
    "module in itself": lambda: b"ctraining.n\nG\n)\x81q\0}X\x08\0\0\0_modules}X\1\0\0\0ah\0ssb.",
    "doublings": lambda: doublings(b"]"),
    "doublings of an array": lambda: doublings(ARRAY.replace(b"q\x00", b"")),
    "many lists": lambda: b"]" * MANY + b"a" * (MANY - 1) + b".",
    "a million tuples": lambda: b")" + b"\x85" * MILLION + b".",
    "network in itself": lambda: (
        b"ctfutil\nNetwork\n)\x81q\0}X\x0a\0\0\0components}X\1\0\0\0ah\0ssb."
    ),
    "network of text": lambda: b"ctfutil\nNetwork\n)\x81}X\x09\0\0\0variablesX\3\0\0\0abcsb.",
    "a group in itself": group_in_itself,
    "a link": lambda: hdf5(entry_of_a_link),
    "a link to another file": lambda: hdf5(entry_of_another_file),
    "an array at two places": lambda: hdf5(one_at_two_places),
    "an array of another file": lambda: hdf5(
        lambda file: file.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)])
    ),
    "4 GB without numbers": lambda: hdf5(lambda file: file.create_dataset("a", (2**30,), "f4")),
    "4 GB in pieces": lambda: hdf5(
        lambda file: file.create_dataset("a", (2**30,), "f4", chunks=(2**20,), compression="gzip")
    ),
    "texts in HDF5": lambda: hdf5(lambda file: file.create_dataset("a", data=[b"text"] * 9)),
    "a deep group": lambda: hdf5(lambda file: file.create_group("a/" * 99)),
    "many groups": lambda: hdf5(lambda file: [file.create_group(f"{i}") for i in range(9999)]),
    "a group of a moving name": lambda: hdf5(
        lambda file: file.create_dataset("\x1b[2J", data=[1.0])
    ),
    "HDF5 of the newest form": lambda: hdf5(
        lambda file: file.create_dataset("a", data=np.ones(3)), libver="latest"
    ),
    "an HDF5 file without an end": lambda: hdf5(lambda file: file.create_group("a"))[:700],
    "a compressed Keras archive": lambda: archived(
        [("model.weights.h5", bytes(FOUR))], zipfile.ZIP_DEFLATED
    ),
    "many modules": lambda: (
        b"ctraining.n\nG\nq\0" + b"h\0)\x81}X\1\0\0\0a" * MANY + b"N" + b"sb" * MANY + b"."
    ),
    "many marks": lambda: b"(" * MANY + b".",
    "4 million values": lambda: b"(" + b"N" * FOUR + b"t.",
    "many dicts": lambda: b"(" + b"}" * MANY + b"t.",
    "many memories": lambda: b"\x80\x04" + b"]\x94" * MANY + b".",
    "4 MB of a number": lambda: b"L" + b"9" * FOUR + b"L\n.",
    "4 MB of a long": lambda: b"\x8b" + struct.pack("<I", FOUR) + b"\x7f" * FOUR + b".",
    "a negative length": lambda: b"\x8b\xff\xff\xff\xff.",
    "4 MB of an index": lambda: b"]p" + b"0" * FOUR + b"\n.",
    "an index beyond": lambda: b"]r\xff\xff\xff\xff.",
    "4 MB of a name": lambda: b"c" + b"a" * FOUR + b"\nb\n.",
    "4 MB of a key": lambda: b"}X" + struct.pack("<I", FOUR) + b"a" * FOUR + ARRAY + b"s.",
    "4 MB without an end": lambda: b"S'" + b"\\" * FOUR,
    "a line of a line": lambda: b"(" + b"V" * FOUR,
    "bytes beyond": lambda: b"\x8e" + b"\xff" * 7 + b"\x7f.",
    "text beyond": lambda: b"\x8d" + b"\xff" * 8 + b".",
    "bytes of 4 GB": lambda: b"B\xff\xff\xff\xff.",
    "long names in long names": lambda: b"".join(
        [b"}" + b"X\xf4\1\0\0" + b"a" * 500] * 8000 + [b"N", b"s" * 8000, b"."]
    ),
    "many long texts": lambda: (
        b"(" + (b"X\xf4\1\0\0" + "\U0001f600".encode() * 125) * 40_000 + b"l."
    ),
    "equal hashes": lambda: (
        b"}("
        + b"".join(
            b"\x8a\x10" + (i * (2**61 - 1)).to_bytes(16, "little") + b"N" for i in range(MANY)
        )
        + b"u."
    ),
    "one tuple, many calls": lambda: (
        b"ctorch._utils\n_rebuild_tensor_v2\nq\0("
        + b"N" * MANY
        + b"tq\1"
        + b"h\0h\1R" * MANY
        + b"."
    ),
    "one tuple, many storages": lambda: b"(" + b"N" * MANY + b"tq\1" + b"h\1Q" * MANY + b".",
    "a key of many levels": lambda: legacy(b"}.](" + b")" + b"\x85" * MANY + b"e."),
    "one list, many dicts": lambda: (
        b"ccollections\nOrderedDict\nq\0]q\1("
        + b"K\1K\2\x86" * MANY
        + b"e0"
        + b"h\0h\1\x85R" * MANY
        + b"."
    ),
    "shapes of many numbers": lambda: (
        ARRAY[: ARRAY.rindex(b"(K\x01K\x03")] + b"(K\1(" + b"K\1" * MANY + b"tNNNtb."
    ),
    "an array of objects": lambda: pickle.dumps({"a": np.array([{}])}),
    "an array without numbers": lambda: (
        b"}X\1\0\0\0a" + ARRAY[: ARRAY.index(b"(K\x01K\x03")] + b"s."
    ),
    "a persistent identity": lambda: b"}X\1\0\0\0aX\3\0\0\0abcQs.",
    "two of one name": lambda: b"}(X\1\0\0\0a" + ARRAY + b"X\1\0\0\0a" + ARRAY + b"u.",
    "a name that moves the cursor": lambda: b"}X\4\0\0\0\x1b[2J" + ARRAY + b"s.",
    "files in files in files": lambda: legacy_within(3),
    "a tensor of other sizes": lambda: tensor(2, b"K\0K\3\x85K\1\x85"),
    "a tensor that repeats": lambda: tensor(1, b"K\0J\0\0\0\x40J\0\0\0\x40\x86K\0K\0\x86"),
    "a tensor of steps beyond": lambda: tensor(4, b"K\0K\2\x85K\4\x85"),
    "a negative step": lambda: tensor(4, b"K\3K\2\x85J\xff\xff\xff\xff\x85"),
    "a negative offset": lambda: tensor(4, b"J\xfc\xff\xff\xffK\2\x85K\1\x85"),
    "sizes beyond 64 bits": lambda: tensor(1, b"K\0" + b"\x8a\x09" + bytes(8) + b"\1\x85K\0\x85"),
    "a storage of another size": lambda: tensor(1000, b"K\0K\1\x85K\1\x85"),
    "a storage of less than none": lambda: tensor(-1, b"K\0))"),
    "a storage that is not there": lambda: tensor(1, b"K\0))", key=b"7"),
    "a compressed listing": lambda: zipped(b"}." + bytes(FOUR), (), zipfile.ZIP_DEFLATED),
    "two listings": lambda: zipped(b"}.", [("b/data.pkl", b"}.")]),
    "other bytes first": lambda: zipped(b"}.", [("a/byteorder", b"big")]),
    "an order of bytes of 4 GB": lambda: zipped(
        b"}.", [("a/byteorder", bytes(FOUR))], zipfile.ZIP_DEFLATED
    ),
    "an array in bzip2": lambda: archived([("a.npy", bytes(FOUR))], zipfile.ZIP_BZIP2),
    "an array's header of 4 GB": lambda: archived([("a.npy", b"\x93NUMPY\2\0" + b"\xff" * 99)]),
    "4 MB that unpack to 4 GB": lambda: bomb(0xFFF00000),
    "4 GB that say they are 4 KB": lambda: bomb(4096),
    "a large directory": lambda: zipped(b"}.", [(f"{i:0500}", b"") for i in range(9_000)]),
    "an array's header in brackets": lambda: npz(b"(" * 9000),
    "an array's header that runs": lambda: npz(b"__import__('os').system('true')"),
    "an array of objects in npz": lambda: npz(b"{'descr':'|O','fortran_order':False,'shape':(1,)}"),
    "an array of sizes beyond": lambda: npz(
        b"{'descr':'<f4','fortran_order':False,'shape':(-1,99999999999999999999)}"
    ),
}


# 200 MB of memory beyond what the imports take; what needs more ends in exit code 5.
MEASURE = """
import json, resource, sys, time
from ganzoo.errors import GanzooError
from ganzoo.files.foreign import open_weights
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 200 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        with open_weights(path) as weights:
            for array in weights.values():
                array.read()
        result = (0, "read")
    except GanzooError as error:
        result = (error.exit_code, str(error))
    print(json.dumps([path, *result, time.process_time() - start]), flush=True)
"""


def test_hostile_files_are_refused_soon_and_in_little_memory(tmp_path):
    paths = []
    for name, content in HOSTILE.items():
        paths.append(tmp_path / name.replace(" ", "_"))
        paths[-1].write_bytes(content())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(paths), done.stderr
    for path, exit_code, message, seconds in results:
        assert exit_code == 3, (path, message)
        assert message.isprintable() and len(message) < 600 and "aaaa" not in message
        assert seconds < 6, path


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_pickle_is_not_run(protocol, tmp_path):
    for content in (code(tmp_path / "ran", protocol), zipped(code(tmp_path / "ran", protocol))):
        (tmp_path / "a.pt").write_bytes(content)
        with pytest.raises(InvalidInput, match="it refers to code that no weights need"):
            open_weights(tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


def test_no_instruction_runs_anything(tmp_path):
    for name, content in instructions_that_run(tmp_path / "ran").items():
        (tmp_path / "a.pt").write_bytes(content)
        with pytest.raises(InvalidInput):
            open_weights(tmp_path / "a.pt")
        assert not (tmp_path / "ran").exists(), name


def seeds():
    value = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": [np.ones(40), {"lr": 0.5}]}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=value["a"], b=np.ones(40))
    yield buffer.getvalue()
    for protocol in (0, 2, 4, 5):
        yield pickle.dumps(value, protocol)
    yield tensor(4, b"K\0K\2K\2\x86K\1K\2\x86")
    yield hdf5(lambda file: file.create_dataset("a/b", data=value["a"]))
    torch = pytest.importorskip("torch")
    state = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).state_dict()
    for zipped in (True, False):
        buffer = io.BytesIO()
        torch.save({"g": state, "step": 3}, buffer, _use_new_zipfile_serialization=zipped)
        yield buffer.getvalue()


def damaged(content, chance):
    """A file with one to three bytes changed, a part cut out, or a part repeated."""
    data = bytearray(content)
    kind = chance.randrange(4)
    start, end = sorted(chance.randrange(len(data)) for _ in range(2))
    if kind == 0:
        del data[start : min(end, start + 20)]
    elif kind == 1:
        data[end:end] = data[start : start + chance.randrange(200)]
    else:
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.choice(b"(.)]}RbsuQ\x81\x85\x93qh\0\xff9\n")
    return bytes(data)


def test_random_damage_is_refused_or_read_as_it_stands(tmp_path):
    chance, accepted, files = (
        random.Random(int(os.environ.get("GANZOO_TEST_SEED", 20240229))),
        0,
        list(seeds()),
    )
    count = int(os.environ.get("GANZOO_MUTATIONS", 300))
    for _ in range(count):
        (tmp_path / "a.pt").write_bytes(damaged(chance.choice(files), chance))
        try:
            with open_weights(tmp_path / "a.pt") as weights:
                for array in weights.values():
                    assert array.read().shape == array.shape
        except GanzooError as error:
            assert error.exit_code == 3
            assert str(error).isprintable()
            continue
        accepted += 1
    assert count / 20 < accepted < count * 3 / 4
