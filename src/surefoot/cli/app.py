"""The command's frame: its options, its exit codes, and how it says what went wrong."""

import os
import sys
from typing import Annotated, Any

import typer

from surefoot import __version__
from surefoot.errors import InvalidValue, SurefootError, printable, short

LONGEST = 4000
"""Characters of a sentence: errors of the user's code can be of any length."""

FINISHED, WRONG, FAILED, INTERRUPTED = 0, 2, 3, 130

EPILOG = (
    "Exit codes: 0 finished (also early, by the stopping rule), 2 wrong usage or a value that is not allowed, "
    "3 the task failed or its penalty was not finite, 130 interrupted."
)

# What typer raises for wrong usage. Its root has no name that both old typer (on click) and new (with its own) export.
_Usage: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Train with PyTorch, from the first penalty to the finished weights.",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; a mistake of the user's is one sentence on standard error."""
    try:
        return int(app(arguments, prog_name="surefoot", standalone_mode=False) or FINISHED)
    except _Usage as error:
        return say(error.format_message(), WRONG)
    except InvalidValue as error:
        return say(str(error), WRONG)
    except SurefootError as error:
        return say(str(error), FAILED)
    except BrokenPipeError:
        return _unread()
    except OSError as error:  # a file that cannot be written: the user's own code was told apart before
        return say(f"{error.filename or 'the output'} cannot be read or written: {error.strerror or error}", FAILED)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # typer ends so when nobody reads on: `surefoot list | head`
            return _unread()
        return say("the task's code called sys.exit; take the call out, or raise an error instead", FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return say("interrupted by you", INTERRUPTED)


def _unread() -> int:
    """Say nothing more: who read the output has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
    return FINISHED


def say(sentence: str, code: int) -> int:
    """Say one sentence on standard error and return the exit code.

    What a file or an error of the user's brings along moves no cursor, colours nothing and fills no screen.
    """
    print(f"surefoot: {short(printable(' '.join(sentence.split())), LONGEST).rstrip('.')}.", file=sys.stderr)
    return code


def _version(wanted: bool) -> None:
    if wanted:
        print(f"surefoot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    del version  # its callback has acted
