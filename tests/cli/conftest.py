"""Running the command line in this process, and small files to run it on."""

from pathlib import Path

import pytest

from archsim.cli import main


class Answer:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def refuses(self, code, *words):
        """Check a failure: its exit code, nothing on stdout, one message with these words, and no traceback."""
        assert self.code == code, (self.code, self.out[-500:], self.err)
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert "Traceback" not in self.err
        assert self.err.count("error: ") == 1
        for word in words:
            assert word in self.err, (word, self.err)
        return self


@pytest.fixture
def cli(capsys, monkeypatch):
    monkeypatch.delenv("ARCHSIM_DEBUG", raising=False)
    monkeypatch.delenv("ARCHSIM_MODELS", raising=False)

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def machine(tmp_path):
    """Write the null machine to a file, with some text replaced; return the file and the line a text stands in."""

    def write(old="", new=""):
        import archsim

        text = (Path(archsim.__file__).parent.parent / "models/hardware/null/null.yaml").read_text()
        assert old in text
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new, 1).replace('name: "null"', "name: mine"))
        return path

    return write


@pytest.fixture
def network(tmp_path):
    """Write a small .onnx file: a linear layer, and whatever nodes are asked for."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    def write(name="net.onnx", batch=4, nodes=(("MatMul", ["x", "w"], ["y"], ""),), shape=None):
        made = [
            helper.make_node(op, read, written, name=op.lower(), domain=domain) for op, read, written, domain in nodes
        ]
        graph = helper.make_graph(
            made,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 16])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape or [batch, 8])],
            [helper.make_tensor("w", TensorProto.FLOAT, [16, 8], [1.0] * 128)],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my.domain", 1)]
        path = tmp_path / name
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
        return path

    assert onnx
    return write
