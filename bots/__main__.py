"""The command line: `python -m bots run`, `doctor`, `approve CODE`, `revoke WHO`, `backup`, `check`, `version`."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from core.errors import ChinwagError, SetupError
from core.settings import Settings, load

EXIT_SETUP = 2  # settings cannot be read, or nothing could be started

app = typer.Typer(
    help="Chinwag: a self-hosted LLM chat bot behind Telegram, Discord and a web page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Start every platform that has a token, and the web page."""
    from bots.run import serve

    try:
        asyncio.run(serve(_settings()))
    except SetupError as error:
        _fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@app.command()
def doctor() -> None:
    """Say what is configured, reach what can be reached, and name each problem with its cure."""
    from bots.doctor import examine

    if not asyncio.run(examine(_settings(), typer.echo)):
        raise typer.Exit(1)


@app.command()
def approve(code: Annotated[str, typer.Argument(help="The pairing code that the person was given.")]) -> None:
    """Let in the person with this pairing code."""
    from bots.approve import approve as let_in

    try:
        typer.echo(f"{asyncio.run(let_in(_settings(), code))} can talk to the bot now.")
    except ChinwagError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_SETUP if isinstance(error, SetupError) else 1) from None


@app.command()
def revoke(
    who: Annotated[str, typer.Argument(help="An id such as telegram:123; without it: list who is let in.")] = "",
) -> None:
    """Let a person or a group out. What is being written for them is still finished."""
    from bots.approve import revoke as let_out

    try:
        typer.echo(asyncio.run(let_out(_settings(), who)))
    except ChinwagError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_SETUP if isinstance(error, SetupError) else 1) from None


@app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="Where to; without it a new file in DATA_DIR/backups.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Copy the database into one file, also while Chinwag runs."""
    from bots.backup import backup as copy

    try:
        typer.echo(copy(_settings(), file, force=force))
    except SetupError as error:
        _fail(error, 1)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A backup; without it the database in use.")] = None,
) -> None:
    """Say whether the database, or a backup, is whole, and what to do if not."""
    from bots.check import check as examine

    try:
        if not examine(_settings(), file, typer.echo):
            raise typer.Exit(1)
    except SetupError as error:
        _fail(error)


@app.command("version")
def show_version() -> None:
    """Print the version."""
    typer.echo(f"chinwag {chinwag_version()}")


def chinwag_version() -> str:
    """The installed version, or that of the checkout."""
    try:
        return version("chinwag")
    except PackageNotFoundError:
        import tomllib

        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
        return str(project["project"]["version"])


def _settings() -> Settings:
    try:
        return load()
    except SetupError as error:
        _fail(error)


def _fail(error: SetupError, code: int = EXIT_SETUP) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(code) from None


if __name__ == "__main__":
    sys.exit(app())
