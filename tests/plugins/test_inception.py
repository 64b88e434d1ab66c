"""FID's Inception is the published network: it equals torch-fidelity's port of it.

Both are filled with the same random numbers, which travel through a `.pth` file and our
conversion of it, as the published ones do.
"""

import importlib
import importlib.util
import sys
import types

import numpy as np
import pytest

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """torch-fidelity's network, its weights in a `.pth` file, and that file converted."""
    torch = pytest.importorskip("torch")
    module = _port_module()
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("port")

    class Filled(module.FeatureExtractorInceptionV3):
        """With random weights under which signals neither die nor grow."""

        def load_state_dict(self, state, **options):
            for name, value in self.state_dict().items():
                if value.ndim > 1:
                    value.normal_(0, (2.0 / value[0].numel()) ** 0.5)
                elif name.endswith("running_var"):
                    value.uniform_(0.7, 1.3)
                elif value.dtype.is_floating_point:
                    center = 1.0 if name.endswith("bn.weight") else 0.0
                    value.uniform_(center - 0.2, center + 0.2)

    torch.save({}, folder / "empty.pth")
    network = Filled("port", ["2048", "logits_unbiased"], str(folder / "empty.pth"))
    torch.save(network.state_dict(), folder / "port.pth", _use_new_zipfile_serialization=False)

    from ganzoo_features.convert_inception import convert_weights

    convert_weights(folder / "port.pth", folder / "port.safetensors", sha256=None)
    return network, folder


def _port_module():
    """The one module of torch-fidelity; the package itself wants torchvision."""
    spec = importlib.util.find_spec("torch_fidelity")
    if spec is None:
        pytest.skip("torch-fidelity is not installed")
    package = types.ModuleType("torch_fidelity")
    package.__path__ = list(spec.submodule_search_locations)
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if n.split(".")[0] == "torch_fidelity"]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "torch_fidelity", package)
        found = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
        for name in [n for n in sys.modules if n.startswith("torch_fidelity.")]:
            patch.delitem(sys.modules, name)
    return found


@pytest.fixture(scope="module")
def ours(port):
    """Our extractor, reading the converted file from the data folder."""
    from ganzoo_features import convert_inception
    from ganzoo_features.inception import inception

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert_inception, "weights_path", lambda: port[1] / "port.safetensors")
        return inception()


@pytest.mark.parametrize("size", [(32, 32), (300, 412)], ids=["enlarged", "shrunk"])
def test_features_and_logits_equal_the_port_with_the_same_weights(port, ours, size):
    import torch

    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    images[1] = images[1] // 4 + np.arange(size[1], dtype=np.uint8)[None, :, None] // 2
    with torch.no_grad():
        expected = port[0](torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    received = ours.extract(images)
    for one, other in zip(expected, received, strict=True):
        one = one.numpy()
        assert np.abs(one).max() > 0.1
        assert np.abs(one - other).max() < 1e-4 * max(1.0, np.abs(one).max())
