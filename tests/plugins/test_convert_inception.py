"""The published weights of Inception become ours, by name and axes; nothing else does."""

import http.server
import threading

import numpy as np
import pytest
from ganzoo_features import convert_inception

from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.digests import bytes_digest


def test_tensors_get_keras_names_and_axes():
    draw = np.random.default_rng(0)
    port = {
        "Mixed_5b.branch1x1.conv.weight": draw.normal(size=(64, 192, 1, 3)),
        "Mixed_5b.branch1x1.bn.running_var": draw.normal(size=64),
        "Mixed_5b.branch1x1.bn.num_batches_tracked": np.array(3),
        "fc.weight": draw.normal(size=(10, 20)),
        "fc.bias": draw.normal(size=10),
    }
    ours = convert_inception.rename_tensors(port)
    assert set(ours) == {
        "Mixed_5b_branch1x1_conv/kernel", "Mixed_5b_branch1x1_bn/moving_variance", "fc/kernel"
    }  # fmt: skip
    kernel = ours["Mixed_5b_branch1x1_conv/kernel"]
    assert kernel.shape == (1, 3, 192, 64) and kernel.dtype == np.float32
    assert kernel[0, 2, 5, 7] == np.float32(port["Mixed_5b.branch1x1.conv.weight"][7, 5, 0, 2])
    assert ours["fc/kernel"][4, 9] == np.float32(port["fc.weight"][9, 4])


@pytest.mark.parametrize("name", ["conv2.weight", "fc.scale", "weight"])
def test_a_tensor_that_inception_has_not_is_refused(name):
    with pytest.raises(InvalidInput, match="Expected the tensors of Inception"):
        convert_inception.rename_tensors({name: np.zeros((1, 1))})


def test_only_the_published_file_is_converted_unless_one_insists(tmp_path, capsys, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    source = tmp_path / "file.pth"
    torch.save({"a.conv.weight": torch.ones(2, 1, 1, 1)}, source)
    with pytest.raises(SystemExit) as ended:
        convert_inception.main([str(source)])
    assert ended.value.code == 3
    assert convert_inception.SHA256 in capsys.readouterr().err
    convert_inception.main([str(source), "--any"])
    out = tmp_path / "data" / "features" / convert_inception.FILE
    assert str(out) in capsys.readouterr().out
    assert np.array_equal(safetensors.load(out)["a_conv/kernel"], np.ones((1, 1, 1, 2)))
    with pytest.raises(SystemExit) as ended:
        convert_inception.main([str(source), "--any"])
    assert ended.value.code == 2  # nothing is overwritten


@pytest.fixture
def server(monkeypatch):
    """`server(answer, size)`: what the address of the published file gives, on loopback."""
    answers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, stated = answers[-1]
            self.send_response(status)
            self.send_header("Content-Length", str(stated))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{running.server_port}/x.pth"
        monkeypatch.setattr(convert_inception, "ADDRESS", address)

        def answer(body: bytes, *, status: int = 200, stated: int | None = None):
            answers.append((status, body, len(body) if stated is None else stated))

        yield answer
        running.shutdown()
        thread.join()


def test_without_a_file_the_published_one_is_downloaded(server, tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    torch.save({"a.conv.weight": torch.ones(2, 1, 1, 1)}, tmp_path / "file.pth")
    content = (tmp_path / "file.pth").read_bytes()
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(convert_inception, "SIZE", len(content))
    monkeypatch.setattr(convert_inception, "SHA256", bytes_digest(content))
    server(content)
    convert_inception.main([])
    out = convert_inception.weights_path()
    assert out.exists() and str(out) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"body": b"no", "status": 404}, 5, "404"),
        ({"body": b"short", "stated": 5}, 5, "5 bytes came"),
        ({"body": b"cut off", "stated": 100}, 5, "7 bytes came"),
        ({"body": b"x" * 500}, 5, "bytes came"),
        ({"body": b"x" * 100}, 3, "Expected the published weights"),
    ],
)
def test_a_download_that_is_not_the_file_leaves_nothing(
    server, tmp_path, monkeypatch, capsys, answer, code, words
):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(convert_inception, "SIZE", 100)
    server(**answer)
    with pytest.raises(SystemExit) as ended:
        convert_inception.main([])
    error = capsys.readouterr().err
    assert ended.value.code == code and words in error, error
    assert list((tmp_path / "data" / "features").iterdir()) == []
