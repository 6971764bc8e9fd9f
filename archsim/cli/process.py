"""One process of the command line: from words to an exit code, with one clear message for whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from archsim.cli import notices
from archsim.errors import EXIT_INTERNAL, EXIT_OK, EXIT_USAGE, ArchsimError, did_you_mean

PROGRAM: Final = "archsim"
EXIT_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells count."""
EXIT_PIPE: Final = 141
"""128 and the number of SIGPIPE: the reader, such as ``head``, had enough."""


def run_process(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing is raised."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings(), _streams():
        if not (notices.debugging() or sys.warnoptions):
            # Libraries warn programmers; what a person must know stands in the result's own warnings.
            warnings.simplefilter("ignore")
        return _flushed(_guarded(words))


@contextlib.contextmanager
def _streams() -> Iterator[None]:
    """Give the command streams that can be written, whatever the caller closed and whatever their encoding."""
    before = sys.stdout, sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout, sys.stderr = (stream or nowhere for stream in before)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _guarded(words: list[str]) -> int:
    try:
        return _invoke(words)
    except BrokenPipeError:
        return EXIT_PIPE
    except SystemExit as stop:
        # The parser leaves so when the reader of the output went away, and when it completed a word.
        pipe = isinstance(stop.__context__, BrokenPipeError)
        return EXIT_PIPE if pipe else stop.code if isinstance(stop.code, int) else EXIT_OK
    except KeyboardInterrupt:
        notices.notice("interrupted", "")
        return EXIT_INTERRUPTED
    except ArchsimError as error:
        notices.failure(str(error), internal=error.exit_code == EXIT_INTERNAL)
        return error.exit_code
    except Exception as error:
        return _other(error)


def _invoke(words: list[str]) -> int:
    from typer.main import get_command

    from archsim.cli.app import application

    command = get_command(application(words))
    code = command.main(args=words, prog_name=PROGRAM, standalone_mode=False)
    return code if isinstance(code, int) else EXIT_OK


def _other(error: Exception) -> int:
    """Answer for what is not archsim's own: the parser's complaints, and defects."""
    # Typer's releases differ in whether these classes are click's or its own; what they can do is the same.
    if hasattr(error, "format_message"):
        return _usage(error)
    if type(error).__name__ == "Abort":
        notices.notice("interrupted", "")
        return EXIT_INTERRUPTED
    if isinstance(error, OSError) and error.filename is None and error.errno:
        notices.failure(f"cannot write the output: {error.strerror}")
        return EXIT_USAGE
    notices.defect(error)
    return EXIT_INTERNAL


def _usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", PROGRAM)
    if type(error).__name__ == "NoArgsIsHelpError":
        notices.plain(str(getattr(error, "message", "")))
        return EXIT_USAGE
    message = _message(error)
    hint = "" if "did you mean" in message else _options_meant(error, context) or f"see: {command} --help"
    notices.failure(f"{message.rstrip('.')}; {hint}" if hint else message)
    return EXIT_USAGE


def _message(error: Exception) -> str:
    suggests = getattr(error, "possibilities", None)
    text = str(getattr(error, "message", "")) if suggests else error.format_message()  # type: ignore[attr-defined]
    text = " ".join(text.split()).replace(". Did you mean", "; did you mean")
    return text[:1].lower() + text[1:]


def _options_meant(error: Exception, context: object) -> str:
    name = getattr(error, "option_name", "")
    if type(error).__name__ != "NoSuchOption" or not name:
        return ""
    parameters = getattr(getattr(context, "command", None), "params", [])
    return did_you_mean(name, [option for each in parameters for option in each.opts if option.startswith("-")])


def _flushed(code: int) -> int:
    """Flush what was printed while a failure can still be told."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = EXIT_PIPE
    except (OSError, ValueError) as error:
        notices.failure(f"cannot write the output: {getattr(error, 'strerror', None) or error}")
        code = code or EXIT_USAGE
    else:
        return code
    # Python flushes once more when it exits, and would complain a second time.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
