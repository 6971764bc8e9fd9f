"""Published networks without weights, as the onnx package carries them."""

from pathlib import Path

import onnx
import pytest
from onnx_samples import hand_count

from archsim.errors import ImportFormatError
from archsim.frontends.onnx import import_onnx, load_onnx
from archsim.graph.counts import count, macs_by_kind
from archsim.workloads.registry import workload

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)


def light(name):
    return FOLDER / f"light_{name}.onnx"


@pytest.mark.parametrize("name", NAMES)
def test_every_compute_node_is_mapped_and_macs_agree_with_a_count_by_hand(name):
    imported = import_onnx(light(name))
    assert imported.coverage.covered == 1.0
    assert not imported.coverage.opaque
    assert not imported.coverage.skipped
    nodes = len(onnx.load(light(name), load_external_data=False).graph.node)
    assert imported.coverage.nodes == nodes
    assert count(imported.graph).macs == hand_count(light(name)) > 0


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet50", 25_557_032), ("vgg19", 143_667_240), ("squeezenet", 1_235_496), ("bvlc_alexnet", 60_965_224)],
)
def test_parameters_are_those_published(name, parameters):
    """Torchvision's documentation states the first three; running statistics are not parameters."""
    assert count(load_onnx(light(name))).parameters == parameters


def test_densenet_of_caffe_scales_twice():
    """Caffe writes batch norm and a separate scale and shift, so there is one more affine pair per batch norm."""
    counts = count(load_onnx(light("densenet121")))
    channels = counts.state_bytes / 4 / 2  # mean and variance, four bytes each
    assert counts.parameters == 7_978_856 + 2 * channels


def test_resnet_macs_are_convolutions_and_one_product():
    shares = macs_by_kind(load_onnx(light("resnet50")))
    assert set(shares) == {"conv", "matmul"}
    assert shares["matmul"] == 2048 * 1000


@pytest.mark.parametrize(
    ("name", "generator"), [("resnet50", "resnet50"), ("vgg19", "vgg19"), ("squeezenet", "squeezenet1-1")]
)
def test_the_generators_write_the_same_networks(name, generator):
    imported, generated = count(load_onnx(light(name))), count(workload(generator))
    assert (imported.macs, imported.parameters) == (generated.macs, generated.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_batch_is_changed_exactly(name):
    """Reshapes to (1, features) are written into these files; the batch in them is followed."""
    one, eight = load_onnx(light(name)), load_onnx(light(name), batch=8)
    assert count(eight).macs == 8 * count(one).macs
    assert count(eight).parameters == count(one).parameters
    assert eight.items == 8
    assert count(eight).activations == 8 * count(one).activations


def test_another_number_format():
    graph = load_onnx(light("squeezenet"), dtype="bf16")
    assert {tensor.dtype for tensor in graph.tensors.values()} == {"bf16"}
    assert count(graph).weight_bytes == 2 * 1_235_496


def test_weights_of_the_file_are_fp32():
    assert {tensor.dtype for tensor in load_onnx(light("resnet50")).weights} == {"fp32"}


@pytest.mark.parametrize("cut", [1, 100, 5_000, 30_000])
def test_a_file_cut_off_says_so(tmp_path, cut):
    path = tmp_path / "cut.onnx"
    path.write_bytes(light("resnet50").read_bytes()[:cut])
    with pytest.raises(ImportFormatError, match=r"cut\.onnx"):
        load_onnx(path)
