"""Mamba (Gu and Dao 2023): a selective state-space scan between two projections, no attention.

Work of the scan per token and state element, from its recurrence ``h = exp(delta A) h + (delta x) B; y += C h``:
four multiplies and two adds (three MACs), and one exponential.
"""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Conv
from archsim.workloads.blocks import one_of
from archsim.workloads.registry import register

SCAN_FLOPS = 6.0
"""Plain operations per state element and step, FLOP."""


def mamba(
    *,
    layers: int = 24,
    width: int = 768,
    expand: int = 2,
    states: int = 16,
    taps: int = 4,
    rank: int = 0,
    vocabulary: int = 50280,
    sequence: int = 2048,
    batch: int = 1,
    phase: str = "prefill",
    tied: bool = True,
    dtype: str = "fp16",
) -> Graph:
    """Build a Mamba language model.

    Parameters
    ----------
    layers, width, vocabulary : int
        Sizes of the network.
    expand : int
        Inner width over `width`.
    states : int
        State elements per inner channel.
    taps : int
        Length of the causal depthwise convolution.
    rank : int
        Rank of the step-size projection; 0: ``ceil(width / 16)``.
    sequence, batch : int
        Tokens of the prompt, and sequences.
    phase : str
        ``prefill`` (`sequence` dependent scan steps) or ``decode`` (one, from kept state).
    tied : bool
        Whether the head shares the embedding's weights.
    dtype : str
        Number format.
    """
    one_of("phase", phase, ("prefill", "decode"))
    tokens = 1 if phase == "decode" else sequence
    b = GraphBuilder("mamba", dtype=dtype, items=batch * tokens, item="token")
    table = b.weight("embedding", (vocabulary, width))
    x = b.gather(table, b.input("tokens", (batch, tokens), dtype="int32"), name="embed")
    inner, rank = expand * width, rank or -(-width // 16)
    for layer in range(layers):
        with b.scope(f"layer-{layer}"):
            y = b.linear(b.normalise("rms_norm", x), 2 * inner, bias=False, name="in")
            y = _mix(b, y, inner, states, rank, taps=taps, decoding=phase == "decode")
            x = b.elementwise("add", x, b.linear(y, width, bias=False, name="out"))
    x = b.normalise("rms_norm", x, name="final-norm")
    b.linear(x, vocabulary, bias=False, name="head", weight=table if tied else None)
    return b.build()


def _mix(b: GraphBuilder, joint: Tensor, inner: int, states: int, rank: int, *, taps: int, decoding: bool) -> Tensor:
    batch, tokens, _ = joint.shape
    x, gate = b.part(joint, -1, inner), b.part(joint, -1, inner)
    x = b.elementwise("silu", _causal_conv(b, x, taps, decoding=decoding), name="conv-silu")
    selected = b.linear(x, rank + 2 * states, bias=False, name="select")
    delta = b.elementwise("softplus", b.linear(b.part(selected, -1, rank), inner, name="step"))
    scaled = b.elementwise("multiply", delta, x, name="step-input")
    decay, skip = b.weight("decay", (inner, states)), b.weight("skip", (inner,))
    inputs = [scaled, delta, b.part(selected, -1, 2 * states), decay]
    if decoding:
        inputs.append(b.state("scan-state", (batch, inner, states)))
    y = b.scan(
        "selective_scan",
        inputs,
        length=tokens,
        width=batch * inner * states,
        shape=(batch, tokens, inner),
        flops_per_element=SCAN_FLOPS,
        special_per_element=1.0,
    )
    y = b.elementwise("add", y, b.elementwise("multiply", x, skip, name="skip-input"), name="skip-add")
    return b.elementwise("multiply", y, b.elementwise("silu", gate, name="gate-silu"), name="gate-multiply")


def _causal_conv(b: GraphBuilder, x: Tensor, taps: int, *, decoding: bool) -> Tensor:
    batch, tokens, inner = x.shape
    weight, bias = b.weight("conv/weight", (inner, 1, 1, taps)), b.weight("conv/bias", (inner,))
    inputs, padding = [x, weight, bias], taps - 1
    if decoding:  # the last inputs are kept, so the kernel covers the new one and what was kept
        inputs.append(b.state("conv-state", (batch, taps - 1, inner)))
    width, padding = (taps, 0) if decoding else (tokens, padding)
    work = Conv(batch, inner, inner, 1, width, 1, tokens, 1, taps, padding=(0, 0, padding, 0), groups=inner, bias=True)
    return b.op("conv", work, inputs, x.shape)


for _name, _layers, _width in (
    ("mamba-130m", 24, 768),
    ("mamba-370m", 48, 1024),
    ("mamba-790m", 48, 1536),
    ("mamba-1.4b", 48, 2048),
    ("mamba-2.8b", 64, 2560),
):
    register(_name, mamba, f"{_name} state-space language model", group="recurrent", layers=_layers, width=_width)
