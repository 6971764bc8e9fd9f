"""SCALE-Sim topologies and configurations, well-formed and not."""

from __future__ import annotations

import pytest

from archsim.errors import ImportFormatError, UsageError
from archsim.frontends.scalesim import load_scalesim, load_scalesim_config
from archsim.graph.counts import count
from archsim.graph.work import Conv, MatMul

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"


@pytest.fixture
def read(tmp_path):
    def load(text, **options):
        path = tmp_path / "net.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_scalesim(path, **options)

    return load


# Output pixels, filters and window sizes as SCALE-Sim 3.0.0 itself derives them from rows of its own topologies.
@pytest.mark.parametrize(
    ("row", "m", "n", "k"),
    [
        ("Conv2,27,27,5,5,96,256,1", 529, 256, 2400),
        ("Conv5,13,13,3,3,384,256,1", 121, 256, 3456),
        ("PolicyHead_Conv,19,19,1,1,256,2,1", 361, 2, 256),
        ("ValueHead_FC2,1,1,1,1,256,1,1", 1, 1, 256),
        ("Conv1,224,224,7,7,3,64,2", 110 * 110, 64, 147),
    ],
)
def test_convolutions_are_sized_as_scalesim_sizes_them(read, row, m, n, k):
    work = read(f"{HEADER}{row},\n").ops[0].work
    assert (work.out_height * work.out_width, work.out_channels) == (m, n)
    assert work.in_channels * work.kernel_height * work.kernel_width == k
    assert work.macs == m * n * k


def test_products(read):
    graph = read("Layer,M,N,K,\nAttn_Q_proj,512,384,64,\n\nheads,10,20,30,4,\n", batch=2)
    assert [op.work for op in graph.ops] == [MatMul(1, 1024, 384, 64), MatMul(8, 10, 20, 30, dynamic=True)]
    assert count(graph).parameters == 384 * 64
    assert graph.items == 2


def test_the_header_says_the_order_of_a_product(read):
    assert read("Layer,M,K,N\nA,10,20,30").ops[0].work == MatMul(1, 10, 30, 20)


@pytest.mark.parametrize(
    "row",
    [
        "conv,14,14,3,3,8,16,1,",
        "conv,14,14,3,3,8,16,1",
        "conv , 14 , 14,3 , 3, 8, 16, 1 ,,,",
        '"conv",14,14,3,3,8,16,1,#a remark',
        "conv,14,14,3,3,8,16,1,1,",
        "conv,14,14,3,3,8,16,1,1:1,",
        "conv,14,14,3,3,8,16",
        "conv,14,14,3,3,8,,16 1,",
    ],
)
@pytest.mark.parametrize("header", [HEADER, "", "\n\nLayer, ifmap h, ifmap w\n", "\ufeffnames,\n"])
def test_rows_of_many_shapes_mean_the_same(read, header, row):
    work = read(f"{header}\n{row}\n\n").ops[0].work
    assert work == Conv(1, 8, 16, 14, 14, 12, 12, 3, 3)


def test_titles_between_rows_go_in_front_of_names(read):
    graph = read(f"{HEADER}\nAlexnet,\nFC,1,1,1,1,8,8,1,\nResnet,,,,\nFC,1,1,1,1,8,8,1,\n")
    assert [op.name for op in graph.ops] == ["Alexnet/FC/conv", "Resnet/FC/conv"]


def test_repeated_and_missing_names(read):
    graph = read(f"{HEADER}c,1,1,1,1,8,8,1,\nc,1,1,1,1,8,8,1,\n,1,1,1,1,8,8,1,\n")
    assert [op.name for op in graph.ops] == ["c/conv", "c_2/conv", "layer-2/conv"]


def test_depthwise_strided_and_sparse_rows(read):
    graph = read(f"{HEADER}DP1,112,112,3,3,32,1,1,\nwide,9,20,3,5,4,8,2,5,\nsparse,8,8,1,1,64,32,1,2:4,\n")
    depthwise, wide, sparse = graph.ops
    assert (depthwise.work.groups, depthwise.work.out_channels) == (32, 32)
    assert depthwise.macs == 110 * 110 * 32 * 9
    assert (wide.work.stride, wide.work.out_height, wide.work.out_width) == ((2, 5), 4, 4)
    weight = graph.tensors["sparse/weight"]
    assert (weight.density, weight.structure) == (0.5, "n:m")
    assert sparse.macs == 64 * 64 * 32


def test_a_missing_stride_is_noted(read):
    assert any("c: the row gives no stride" in note for note in read("c,14,14,3,3,8,16").notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}c,14,14,3,3,eight,16,1,\n", "net.csv:2: 'eight' in the row"),
        (f"{HEADER}c,14,14,3,3,8,16,0,\n", "0 or absurd"),
        (f"{HEADER}c,2,2,3,3,8,16,1,\n", "net.csv:2: the filter of 'c', 3 x 3, is larger than its input"),
        (f"{HEADER}c,14,14\n", "has 2 sizes; a convolution has 7"),
        (f"{HEADER}c,14,14,3,3,8,\n", "5 sizes"),
        (f"{HEADER}c,1,1,1,1,8,8,1,3:2\n", "3:2"),
        (HEADER, "lists no layers"),
        (b"\xff\xfe\x00", "is not text"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_layer_is_refused_with_its_line(read, text, said):
    with pytest.raises(ImportFormatError, match=said):
        read(text)


def test_arguments(read):
    with pytest.raises(UsageError, match="batch=0"):
        read("a,1,2,3,", batch=0)
    with pytest.raises(UsageError, match="there is no file"):
        load_scalesim("nowhere.csv")


def test_configurations(tmp_path):
    path = tmp_path / "scale.cfg"
    path.write_text(
        "[general]\nrun_name = scale_example\n\n[architecture_presets]\nArrayHeight:    32\nArrayWidth: 16\n"
        "IfmapSramSzkB:   64\nBandwidth : 10,10\nDataflow : os\n\n[run_presets]\nUseRamulatorTrace: False\n"
        "BlockSize: 0.5\n"
    )
    settings = load_scalesim_config(path)
    assert settings["architecture_presets"] == {
        "arrayheight": 32, "arraywidth": 16, "ifmapsramszkb": 64, "bandwidth": "10,10", "dataflow": "os",
    }  # fmt: skip
    assert settings["run_presets"] == {"useramulatortrace": False, "blocksize": 0.5}
    assert settings["general"]["run_name"] == "scale_example"
    path.write_text("[general]\nrun_name = x\n")
    with pytest.raises(ImportFormatError, match=r"no section \[architecture_presets\]"):
        load_scalesim_config(path)
    path.write_text("ArrayHeight: 32\n")
    with pytest.raises(ImportFormatError, match="not a SCALE-Sim configuration"):
        load_scalesim_config(path)
