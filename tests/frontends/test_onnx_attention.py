"""Operators that hold a whole attention or a whole block."""

from onnx import TensorProto
from onnx_samples import single, works

from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Attention, MatMul


def test_attention_of_operator_set_23(tmp_path):
    def build(s):
        q, k, v = s.input("q", (2, 10, 64)), s.input("k", (2, 10, 32)), s.input("v", (2, 10, 32))
        return [s.node("Attention", q, k, v, q_num_heads=8, kv_num_heads=4, is_causal=1)]

    imported = single(tmp_path, build, 23)
    assert works(imported) == [Attention(2, 8, 4, 10, 10, 8, 8, causal=True)]


def test_group_query_attention_with_a_cache(tmp_path):
    def build(s):
        q, k, v = s.input("q", (2, 1, 64)), s.input("k", (2, 1, 32)), s.input("v", (2, 1, 32))
        past = [s.input(f"past_{name}", (2, 4, 31, 8)) for name in ("key", "value")]
        lengths, total = s.input("lengths", (2,), TensorProto.INT32), s.input("total", (1,), TensorProto.INT32)
        tables = [s.weight(name, (128, 4)) for name in ("cosine", "sine")]
        return s.node(
            "GroupQueryAttention",
            q,
            k,
            v,
            *past,
            lengths,
            total,
            *tables,
            outputs=3,
            num_heads=8,
            kv_num_heads=4,
            do_rotary=1,
            domain="com.microsoft",
        )

    imported = single(tmp_path, build, domains=["com.microsoft"])
    rotations, attention = works(imported)[:2], works(imported)[2]
    assert [work.function for work in rotations] == ["rotary", "rotary"]
    assert attention == Attention(2, 8, 4, 1, 32, 8, 8, causal=True)
    assert imported.graph.ops[2].inputs[1:3] == ("past_key", "past_value")
    assert imported.graph.tensors["past_key"].role is Role.STATE
    assert count(imported.graph).parameters == 0


def test_fused_blocks_of_onnx_runtime(tmp_path):
    width, length = 32, 10

    def build(s):
        ids = s.input("ids", (1, length), TensorProto.INT32)
        tables = [s.weight(name, (rows, width)) for name, rows in (("words", 50), ("places", 16))]
        norm = [s.weight("n.scale", (width,)), s.weight("n.bias", (width,))]
        (x, _) = s.node("EmbedLayerNormalization", ids, "", *tables, "", *norm, outputs=2, domain="com.microsoft")
        a = s.node(
            "Attention",
            x,
            s.weight("qkv", (width, 3 * width)),
            s.weight("qkv.b", (3 * width,)),
            num_heads=4,
            domain="com.microsoft",
        )
        x = s.node("SkipLayerNormalization", a, x, *norm, domain="com.microsoft")
        up = s.node("MatMul", x, s.weight("up", (width, 64)))
        return [s.node("BiasGelu", up, s.weight("up.b", (64,)), domain="com.microsoft")]

    imported = single(tmp_path, build, domains=["com.microsoft"])
    assert imported.coverage.covered == 1.0
    assert Attention(1, 4, 4, length, length, 8, 8) in works(imported)
    assert count(imported.graph).macs == length * width * (3 * width + 64) + 2 * length * length * width
    assert count(imported.graph).parameters == 66 * width + 2 * width + 3 * width * (width + 1) + width * 64 + 64


def test_multi_head_attention_and_fused_products(tmp_path):
    def build(s):
        q, k, v = (s.input(name, (2, 6, 16)) for name in "qkv")
        a = s.node("MultiHeadAttention", q, k, v, num_heads=2, domain="com.microsoft")
        return [s.node("FusedMatMul", a, s.input("b", (2, 6, 16)), transB=1, alpha=0.5, domain="com.microsoft")]

    imported = single(tmp_path, build, domains=["com.microsoft"])
    assert works(imported) == [Attention(2, 2, 2, 6, 6, 8, 8), MatMul(2, 6, 6, 16, dynamic=True)]
