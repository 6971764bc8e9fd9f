"""The command line as a process: what it imports, signals, pipes, terminals, and defects of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from archsim.errors import InvariantError

ARCHSIM = [sys.executable, "-m", "archsim"]
SLOW = ("numba", "llvmlite", "scipy", "matplotlib", "torch")
SPECS = ("archsim.arch.chip", "archsim.io.hardware")
"""Modules that build or need the models of descriptions."""


def run(*words, **options):
    return subprocess.run([*ARCHSIM, *words], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (["--help"], ["numpy", "networkx", *SPECS]),
        (["run", "--help"], ["numpy", "networkx", *SPECS]),
        (["--version"], ["numpy", "rich.console", *SPECS]),
        (["list", "hardware"], ["numpy", "networkx", "rich.console", *SPECS]),
        (["list", "workloads", "--json"], ["numpy", "networkx", "rich.console", *SPECS]),
        (["list", "families"], ["networkx"]),
        (["show", "resnet50"], ["networkx", "onnx", *SPECS]),
        (["show", "null"], ["networkx", "onnx"]),
        (["schema", "hardware"], ["networkx", "onnx"]),
        (["cite", "null"], ["networkx", "onnx"]),
        (["run", "resnet18", "null"], ["onnx", "rich.console"]),
    ],
)
def test_slow_packages_are_not_imported(words, never):
    script = (
        "import sys; from archsim.cli import main; code = main(sys.argv[2:]);"
        "found = [name for name in sys.argv[1].split(',') if name in sys.modules];"
        "print(found, file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, ",".join([*SLOW, *never]), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "[]"


def test_exit_codes_reach_the_shell():
    assert run("list", "hardware").returncode == 0
    done = run("run", "resnet50", "nul")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: unknown hardware 'nul'; did you mean 'null'?\n"


@pytest.mark.parametrize("words", [["list", "workloads"], ["show", "gpt3-175b", "--json"], ["--help"]])
def test_a_reader_that_goes_away_is_no_failure_to_talk_about(words):
    process = subprocess.Popen([*ARCHSIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) in (0, 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["list", "hardware"], ["show", "gpt3-175b", "--json"]])
def test_a_full_disk_is_told(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*ARCHSIM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: cannot write the output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_closed_streams(closed, code):
    command = f"{sys.executable} -m archsim list hardware {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_quietly(tmp_path):
    script = (
        "import sys, archsim.cli.listing as listing\n"
        "def wait():\n"
        "    import time; print('ready', file=sys.stderr, flush=True); time.sleep(30)\n"
        "listing.KINDS['hardware'] = wait\n"
        "from archsim.cli import main; sys.exit(main(['list', 'hardware']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    assert process.wait(20) == 130
    assert time.monotonic() - started < 20
    assert "Traceback" not in process.stderr.read()


def test_text_that_a_stream_cannot_hold():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("--help", env=environment)
    assert done.returncode == 0
    assert "Usage" in done.stdout


def broken(*arguments, **choices):
    raise ZeroDivisionError("float division by zero")


def test_a_defect_is_one_line(cli, monkeypatch):
    monkeypatch.setattr("archsim.engine.evaluate.evaluate", broken)
    answer = cli("run", "resnet18", "null")
    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith("internal error: ZeroDivisionError: float division by zero; please report this")
    assert answer.err.count("\n") == 1


def test_debugging_shows_where(cli, monkeypatch):
    monkeypatch.setattr("archsim.engine.evaluate.evaluate", broken)
    monkeypatch.setenv("ARCHSIM_DEBUG", "1")
    answer = cli("run", "resnet18", "null")
    assert answer.code == 5
    assert "Traceback (most recent call last)" in answer.err
    assert answer.err.splitlines()[-1].startswith("internal error: ZeroDivisionError")


def test_a_broken_invariant_is_a_defect_too(cli, monkeypatch):
    def never(*arguments, **choices):
        raise InvariantError("the parts are not the whole")

    monkeypatch.setattr("archsim.engine.evaluate.evaluate", never)
    answer = cli("run", "resnet18", "null")
    assert answer.code == 5
    assert answer.err == "internal error: the parts are not the whole\n"


def test_a_module_of_a_command_may_be_missing(monkeypatch, cli):
    from archsim.cli import app

    monkeypatch.setitem(app.COMMANDS, "absent", "absent:absent")
    assert "absent" not in cli("--help").out
    cli("absent").refuses(2, "absent")


def on_terminal(*words, columns=100, **environment):
    """Run in a pseudo-terminal and return what it shows."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "CI")}
    process = subprocess.Popen(
        [*ARCHSIM, *words], stdin=slave, stdout=slave, stderr=slave,
        env={**kept, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return process.wait(60), shown.decode()


def test_a_terminal_gets_colours_and_bars():
    code, shown = on_terminal("run", "resnet18", "a100-sxm4-80gb")
    assert code == 0
    assert "\x1b[" in shown
    assert "█" in shown
    assert "…" not in shown


def test_colours_can_be_refused():
    _, shown = on_terminal("run", "resnet18", "a100-sxm4-80gb", NO_COLOR="1")
    assert "\x1b[3" not in shown
    _, shown = on_terminal("run", "resnet18", "nul", NO_COLOR="1")
    assert "\x1b" not in shown
    _, shown = on_terminal("run", "resnet18", "a100-sxm4-80gb", TERM="dumb")
    assert "\x1b" not in shown


def test_errors_are_red_on_a_terminal():
    code, shown = on_terminal("run", "resnet18", "nul")
    assert code == 2
    assert shown.startswith("\x1b[1;31merror\x1b[0m: unknown hardware 'nul'")


@pytest.mark.parametrize("columns", [40, 100, 200])
def test_a_narrow_window_loses_nothing(columns):
    for words in (
        ["run", "resnet18", "a100-sxm4-80gb", "--by", "op"],
        ["show", "a100"],
        ["explain", "resnet18", "null"],
    ):
        code, shown = on_terminal(*words, columns=columns)
        assert code == 0
        assert "…" not in shown


def test_doctor_finds_what_is_broken(cli, tmp_path, monkeypatch):
    folder = tmp_path / "hardware"
    folder.mkdir()
    (folder / "mine.yaml").write_text("family: gpuu\nname: mine\n")
    monkeypatch.setenv("ARCHSIM_MODELS", str(tmp_path))
    answer = cli("doctor")
    assert answer.code == 4
    assert "FAILED" in answer.out
    assert "gpuu" in answer.out
    assert "something that archsim needs is broken" in answer.out


def test_doctor_says_where_kernels_cannot_be_kept(cli, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("ARCHSIM_CACHE", str(blocked / "cache"))
    answer = cli("doctor")
    assert answer.code == 0
    assert "cannot be written" in answer.out


def test_doctor_survives_a_package_that_does_not_import(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delenv("ARCHSIM_JIT", raising=False)
    answer = cli("doctor")
    assert answer.code == 4
    line = next(line for line in answer.out.splitlines() if line.startswith("compiler"))
    assert "FAILED" in line
    assert "pip install" in line
