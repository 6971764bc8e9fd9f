"""PyTorch modules through torch.export: counts equal those of PyTorch's own counter."""

from __future__ import annotations

import random

import pytest

from archsim.errors import ArchsimError, ImportFormatError, UsageError
from archsim.frontends import load
from archsim.frontends.torch_export import load_torch
from archsim.graph import Role
from archsim.graph.counts import count, macs_by_kind
from archsim.graph.work import Attention, Conv

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.depthwise = nn.Conv2d(16, 16, 3, 1, "same", groups=16)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.groups = nn.GroupNorm(4, 8)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.stem(x)), inplace=True))
        x = self.groups(self.up(x + self.depthwise(x)))
        x = F.interpolate(x, scale_factor=2.0)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1)).log_softmax(-1)


class Language(nn.Module):
    """A GPT with tied embeddings; `kv_heads` below `heads` shares keys."""

    def __init__(self, width=64, heads=4, kv_heads=4, layers=2, vocabulary=100):
        super().__init__()
        self.sizes = (heads, kv_heads, width // heads)
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(32, width)
        joint = (heads + 2 * kv_heads) * (width // heads)
        self.qkv = nn.ModuleList(nn.Linear(width, joint) for _ in range(layers))
        self.out = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.up = nn.ModuleList(nn.Linear(width, 4 * width) for _ in range(layers))
        self.down = nn.ModuleList(nn.Linear(4 * width, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, x):
        batch, length = x.shape
        heads, kv_heads, size = self.sizes
        y = self.tokens(x) + self.places(torch.arange(length, device=x.device))
        for qkv, out, up, down in zip(self.qkv, self.out, self.up, self.down, strict=True):
            parts = qkv(self.norm(y)).split([heads * size, kv_heads * size, kv_heads * size], -1)
            q, k, v = (part.view(batch, length, -1, size).transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=heads != kv_heads)
            y = y + out(mixed.transpose(1, 2).reshape(batch, length, -1))
            y = y + down(F.gelu(up(self.norm(y)), approximate="tanh"))
        return self.head(y)


class Products(nn.Module):
    """Matrix products of every kind."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 6))
        self.line = nn.Conv1d(4, 12, 3, padding=1, stride=2)
        self.register_buffer("scale", torch.ones(4, 1))

    def forward(self, x):
        y = (x * self.scale) @ self.weight
        z = torch.einsum("bij,bkj->bik", y, y)
        z = torch.bmm(z, y.softmax(-1))
        with torch.no_grad():
            z = z.clamp(0, 6)
        z, _ = torch.addmm(torch.zeros(8, 2), x.reshape(8, 8), z.reshape(2, 24)[:, :8].T).max(-1)
        return z.mean() + self.line(x).pow(2).sum()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)

    def forward(self, x):
        return self.layer(x)


CASES = {
    "residual": (Residual, (2, 3, 64, 64), torch.float32),
    "language": (Language, (2, 16), torch.int64),
    "grouped": (lambda: Language(kv_heads=2), (2, 16), torch.int64),
    "products": (Products, (2, 4, 8), torch.float32),
    "encoder": (Encoder, (2, 5, 32), torch.float32),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_counts_equal_those_of_pytorch(name):
    make, shape, kind = CASES[name]
    module, x = make().eval(), torch.zeros(shape, dtype=kind)
    graph = load_torch(module, (x,))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(x)
    assert 2 * count(graph).macs == counter.get_total_flops()
    assert count(graph).parameters == sum(parameter.numel() for parameter in module.parameters())
    assert graph.items == shape[0]


def test_attention_stays_whole_and_names_are_those_of_modules():
    graph = load_torch(Language(kv_heads=2).eval(), (torch.zeros(2, 16, dtype=torch.int64),))
    works = [op.work for op in graph.ops if op.kind == "attention"]
    assert works == [Attention(2, 4, 2, 16, 16, 16, 16, causal=True)] * 2
    assert {"tokens/embedding", "qkv/0/linear", "up/1/linear", "head/linear"} <= {op.name for op in graph.ops}
    head = next(op for op in graph.ops if op.name == "head/linear")
    tied = {"tokens/weight", "head/weight"} & set(graph.tensors)
    assert len(tied) == 1
    assert head.inputs[1] in tied


def test_views_are_free_and_copies_are_not():
    class Views(nn.Module):
        def forward(self, x):
            y = x.view(4, 6).t().unsqueeze(0).expand(3, 6, 4)[:, 1:]
            return y.contiguous() + 1

    graph = load_torch(Views(), (torch.zeros(2, 12),))
    assert [op.kind for op in graph.ops] == ["move", "elementwise"]


def test_roles_and_number_formats():
    graph = load_torch(Residual().eval(), (torch.zeros(1, 3, 64, 64),), dtype="fp16")
    roles = {tensor.role for name, tensor in graph.tensors.items() if name.startswith("norm/running")}
    assert roles == {Role.STATE}
    assert {tensor.dtype for tensor in graph.tensors.values()} == {"fp16"}
    work = next(op.work for op in graph.ops if op.name == "depthwise/conv2d")
    assert work == Conv(1, 16, 16, 16, 16, 16, 16, 3, 3, padding=(1, 1, 1, 1), groups=16, bias=True)


def test_a_module_on_the_meta_device_needs_no_memory():
    with torch.device("meta"):
        module = Language(width=8192, heads=64, kv_heads=8, layers=4, vocabulary=50_000).eval()
    graph = load_torch(module, (torch.zeros(1, 16, dtype=torch.int64),))
    assert count(graph).parameters == sum(parameter.numel() for parameter in module.parameters()) > 2e9
    assert set(macs_by_kind(graph)) == {"matmul", "attention"}


def test_a_recurrent_cell_is_taken_apart_by_pytorch():
    """3 steps x 2 sequences x (8 inputs + 8 hidden) x 4 gates of 8."""
    graph = load_torch(nn.LSTM(8, 8), (torch.zeros(3, 2, 8),))
    assert count(graph).macs == 3 * 2 * 16 * 32
    assert count(graph).parameters == 2 * 32 * 8 + 2 * 32


def test_unknown_operators_are_named():
    class Strange(nn.Module):
        def forward(self, x):
            return torch.linalg.qr(x).R + torch.linalg.det(x)

    x = torch.zeros(4, 4)
    with pytest.raises(ImportFormatError, match=r"aten.linalg_qr.*pass unknown='opaque'"):
        load_torch(Strange(), (x,))
    graph = load_torch(Strange(), (x,), unknown="opaque")
    assert any("opaque" in note for note in graph.notes)
    assert "opaque" in {op.kind for op in graph.ops}


def test_modules_that_cannot_be_exported():
    class Branch(nn.Module):
        def forward(self, x):
            return x + 1 if x.sum() > 0 else x

    with pytest.raises(ImportFormatError, match=r"torch\.export cannot export Branch"):
        load_torch(Branch(), (torch.zeros(3),))
    with pytest.raises(ImportFormatError, match="cannot export Linear"):
        load_torch(nn.Linear(3, 4), (torch.zeros(5),))
    with pytest.raises(UsageError, match="int is no"):
        load_torch(3)
    with pytest.raises(UsageError, match="unknown='skip'"):
        load_torch(nn.Linear(3, 4), (torch.zeros(3),), unknown="skip")


def test_open_sizes_are_refused():
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(nn.Linear(3, 4), (torch.zeros(8, 3),), dynamic_shapes=({0: batch},))
    with pytest.raises(ImportFormatError, match="axis 0 of 'input' has the open size"):
        load_torch(program)


def test_files(tmp_path):
    module = nn.Sequential(nn.Linear(8, 8), nn.ReLU()).eval()
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(module, (torch.zeros(2, 8),)), path)
    assert count(load(path)).macs == 2 * 64
    assert load(path, dtype="bf16").tensors["input"].dtype == "bf16"
    whole, dice = path.read_bytes(), random.Random(0)
    refused = 0
    for index in range(60):
        content = bytearray(whole[: dice.randrange(len(whole))] if index % 2 else whole)
        for _ in range(dice.choice((1, 20))):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8) if content else 0
        path.write_bytes(bytes(content))
        try:
            load(path)
        except ArchsimError:
            refused += 1
    assert refused > 40
