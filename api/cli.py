"""The command `cunlu`: its list of commands, its exit codes, and one line for every error."""

from __future__ import annotations

import importlib
import sys
import traceback
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from api.commands.exit_codes import ExitCode, exit_code_of
from dispatch.errors import DispatchError
from routing.errors import RoutingError


@dataclass(frozen=True, slots=True)
class _Listed:
    """A command as `cunlu --help` lists it, without importing the module that has it."""

    module: str
    summary: str


COMMANDS: Final = {
    "demo": _Listed("demo", "Play a day on this machine."),
    "demo-data": _Listed("demo_data", "Write the files of a demo day."),
    "roads": _Listed("roads", "Make road networks of OpenStreetMap extracts."),
    "plan": _Listed("plan", "Plan a day from files, without a server."),
    "simulate": _Listed("simulate", "Play days that never were, and compare ways to run them."),
    "solve": _Listed("solve", "Solve a public instance of vehicle routing, as PyVRP reads it."),
    "serve": _Listed("serving", "Serve API and board."),
    "worker": _Listed("serving", "Make the plans that the API is asked for."),
    "deliver": _Listed("serving", "Send events to the webhooks of companies."),
    "keys": _Listed("serving", "Create and revoke API keys."),
    "import": _Listed("remote", "Send files to a server."),
    "status": _Listed("remote", "Show how the day stands."),
    "export": _Listed("remote", "Fetch a plan for maps, phones and spreadsheets."),
}


class LazyGroup(TyperGroup):
    """
    Imports a command's module when it is used: help must not wait for OR-Tools and numba.

    Every module of `api.commands` that is named here has a Typer `app` with the command in it.
    """

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.commands = {
            name: TyperCommand(name, help=each.summary) for name, each in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            module = importlib.import_module(f"api.commands.{COMMANDS[name].module}")
            command = get_group(module.app).commands[name]
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (DispatchError, RoutingError) as error:
            _tell(error.code, str(error))
            raise typer.Exit(exit_code_of(error)) from error
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except OSError as error:
            if error.filename is None:
                raise  # no file of the user's: a bug
            _tell(
                "file-system", f"{error.filename}: {error.strerror}: check the path and its rights"
            )
            raise typer.Exit(ExitCode.BAD_INPUT) from error


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(importlib.import_module("importlib.metadata").version("cunlu"))
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done, 1 done but something was refused, 2 usage, 3 bad input file, "
    "4 server unreachable, 5 not allowed, 70 bug, 130 Ctrl-C."
)
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version)
    ] = False,
) -> None:
    """
    Plan and run the parcel pickups of a village depot's day 村路.

    Example: `cunlu demo`
    """


def main() -> None:
    """Run the command line; ends the process."""
    try:
        app()
    except Exception:  # noqa: BLE001 -- the last line of defence, and it hides nothing
        traceback.print_exc()
        _tell("internal", "an error of ours: please report it with the lines above")
        sys.exit(ExitCode.BUG)


def _tell(code: str, message: str) -> None:
    """One line on stderr, printable whatever bytes a path had."""
    line = f"{code}: {message}".encode("utf-8", "replace").decode()
    typer.echo(line, err=True)
