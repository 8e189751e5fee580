"""`surefoot study`: the ideas behind every step, learned for good. It never imports torch."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup

from surefoot.cli.app import app
from surefoot.errors import refuse

if TYPE_CHECKING:
    from surefoot.study.answered import Mode
    from surefoot.study.deck import Deck
    from surefoot.study.memory import Memory
    from surefoot.study.question import Form

EPILOG = (
    "Answers are kept in the platform's folder for a user's data, or in the folder that SUREFOOT_STUDY names. "
    "Exit codes: 0 done or left, 2 wrong usage or no such deck, 130 interrupted."
)

WAYS = ("learn", "test", "matching", "spaced")
"""As in `study.answered.MODES`, which a line of help need not import; a test compares them."""

FORMS = ("choice", "typed", "number", "curve")
"""As in `study.paper.ASKABLE`, likewise."""


class StudyGroup(TyperGroup):
    """Commands that may have a deck before them: what is no command is the deck's name, and options may follow it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read a line: what follows the name of a command is the command's."""
        valued = {name for each in self.params if not getattr(each, "is_flag", False) for name in each.opts}
        free = [
            at for at, each in enumerate(args) if not each.startswith("-") and (not at or args[at - 1] not in valued)
        ]
        command = next((at for at in free if args[at] in self.commands), None)
        if command is None:
            ctx.allow_interspersed_args = True
            return super().parse_args(ctx, args)
        names = [args[at] for at in free if at < command]
        options = [each for at, each in enumerate(args[:command]) if at not in free]
        return super().parse_args(ctx, [*options, *(names or [""]), *args[command:]])


USAGE = "[COMMAND [ARGS]...]"
"""What may follow the deck; without a command it is studied."""

NOT_OF = {"learn": ("length", "forms", "no_timer"), "test": ("no_timer",), "matching": ("forms",),
          "spaced": ("forms", "no_timer")}  # fmt: skip
"""The options that a way does not take."""

commands = typer.Typer(
    cls=StudyGroup, help="Study the ideas behind every step.", epilog=EPILOG, subcommand_metavar=USAGE
)
app.add_typer(commands, name="study")


@commands.callback(invoke_without_command=True, epilog=EPILOG)
def study(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="DECK", help="The deck; without it, all are shown.")] = "",
    mode: Annotated[str | None, typer.Option(metavar="WAY", help=f"{', '.join(WAYS)}: begin with it.")] = None,
    length: Annotated[
        int | None, typer.Option(min=1, help="Questions of a test (20), new cards of spaced (20), pairs (6).")
    ] = None,
    forms: Annotated[str, typer.Option(metavar="FORM,...", help=f"What a test asks by: {', '.join(FORMS)}.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the decks, or the notes of the deck.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The list as one JSON object and nothing else.")] = False,
    no_timer: Annotated[bool, typer.Option("--no-timer", help="Matching without a clock.")] = False,
) -> None:
    """Study: four ways to learn the ideas behind penalties, rules, step sizes, schedules and diagnoses."""
    given = {each for each in context.params if each != "name" and context.params[each] not in (None, "", False)}
    if context.invoked_subcommand is not None:
        refuse("surefoot study", _misplaced(given, name, context.invoked_subcommand))
        return
    asked = tuple(form.strip() for form in forms.split(",") if form.strip())
    refuse("surefoot study", _faults(name, mode, asked, listed or as_json) + _untaken(given, mode, listed or as_json))

    from surefoot.study.memory import Memory

    with Memory() as memory:
        deck = deck_named(memory, name) if name else None
        if listed or as_json:
            _list(memory, deck, as_json)
        else:
            chosen = cast("tuple[Form, ...]", asked)
            _study(memory, deck, cast("Mode | None", mode), chosen, length, not no_timer)


def _faults(name: str, mode: str | None, forms: tuple[str, ...], listed: bool) -> list[str]:
    faults = [] if mode is None or mode in WAYS else [f"--mode is {mode!r}; it is one of {', '.join(WAYS)}"]
    faults += ["--mode needs a deck; `surefoot study --list` tells them"] if mode is not None and not name else []
    faults += [f"--forms has {form!r}; there are {', '.join(FORMS)}" for form in forms if form not in FORMS]
    faults += ["--list and --json begin nothing; leave --mode out"] if listed and mode is not None else []
    return faults


def _untaken(given: set[str], mode: str | None, listed: bool) -> list[str]:
    """Return which options are given that what is begun does not take."""
    if listed:
        return [
            f"--list and --json begin nothing; leave {_option(each)} out" for each in sorted(given & {*NOT_OF["learn"]})
        ]
    return [f"{mode} takes no {_option(each)}; leave it out" for each in NOT_OF.get(mode or "", ()) if each in given]


def _misplaced(given: set[str], name: str, command: str) -> list[str]:
    """Return what stands before a command and does not go with it."""
    faults = [f"{_option(each)} does not go with `{command}`; what belongs to it follows it" for each in sorted(given)]
    return faults + (
        [f"`{command}` takes no deck, and {name!r} stands before it"] if name and command != "export" else []
    )


def _option(name: str) -> str:
    return {"listed": "--list", "as_json": "--json"}.get(name, f"--{name.replace('_', '-')}")


def deck_named(memory: "Memory", name: str) -> "Deck":
    """Return a deck by its id: the learner's own, or one that comes along."""
    from surefoot.study.deck import deck_of

    return next((deck for deck in memory.own() if deck.id == name), None) or deck_of(name)


def _list(memory: "Memory", deck: "Deck | None", as_json: bool) -> None:
    from surefoot.cli.study_screen import printed
    from surefoot.cli.study_tables import listed, plain

    if as_json:
        print(json.dumps(plain(memory, deck, time.time()), allow_nan=False))
        return
    table, lines = listed(memory, deck, time.time())
    printed(table)
    print(*lines, sep="\n", end="\n" if lines else "")


def _study(
    memory: "Memory", deck: "Deck | None", mode: "Mode | None", forms: tuple["Form", ...], length: int | None,
    timed: bool,
) -> None:  # fmt: skip
    from surefoot.cli.study_desk import Desk
    from surefoot.cli.study_home import choose, go, visit
    from surefoot.cli.study_keys import Left, keys
    from surefoot.cli.study_screen import Screen
    from surefoot.study.outcome import asker

    before = len(memory.answers())
    try:
        with keys() as pressed:
            desk = Desk(Screen(), pressed, memory, asker(), time.time_ns() % 2**31, length, timed)
            if deck is None:
                choose(desk, forms)
            elif mode is None:
                visit(desk, deck, forms)
            else:
                go(desk, deck, mode, forms)
    except Left:
        pass
    finally:  # by Ctrl-C too
        kept = len(memory.answers()) - before
        if kept > 0:
            print(f"\n{kept} answer{'' if kept == 1 else 's'} kept.")
