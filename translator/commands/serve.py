"""``verso serve``: the page."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser("serve", help="open the page")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (%(default)s)")
    parser.add_argument("--desktop", action="store_true", help="in a window of its own")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    import app

    app.serve(
        host=arguments.host,
        port=arguments.port,
        desktop_window=arguments.desktop,
        open_browser=not arguments.no_browser,
    )
    return 0
