"""``verso compare``: campaigns of blind comparison, from the first text to the next model."""

from __future__ import annotations

import argparse
import os
import socket
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trainer.commands import compare_new, compare_results
from trainer.commands.compare_one import action, found, who
from translator.commands.terminal import ask, is_terminal, print_json, say, table

if TYPE_CHECKING:
    from trainer.campaigns.folder import Campaign

PORT = 7870


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "compare",
        help="let people compare translations blind",
        description="A campaign: people rate the outputs of two to four systems without knowing "
        "which is whose. Their answers say which is better, and can train the next model.",
        epilog="To begin with: verso compare new --help",
    )
    parser.set_defaults(run=_list, json=False)
    actions = parser.add_subparsers(title="actions", metavar="")
    compare_new.add_parsers(actions)
    listed = actions.add_parser("list", help="all campaigns")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(run=_list)
    shown = action(actions, "show", _show, "how a campaign stands")
    shown.add_argument("--json", action="store_true", help="as JSON")
    links = action(actions, "links", _links, "the reviewers' personal links")
    links.add_argument(
        "--base", default=f"http://127.0.0.1:{PORT}", metavar="URL",
        help="where the reviewers' server is reached (default: %(default)s)",
    )  # fmt: skip
    changes = links.add_mutually_exclusive_group()
    changes.add_argument("--revoke", metavar="NAME", help="end a reviewer's link; gives a new one")
    changes.add_argument("--add", metavar="NAME", help="let one more person rate; nothing changes "
                         "for the others")  # fmt: skip
    serve = actions.add_parser("serve", help="the reviewers' pages and nothing else, for a network")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=int, default=PORT, help="port to listen on (%(default)s)")
    serve.set_defaults(run=_serve)
    lock = action(actions, "lock", _lock, "end the rating")
    lock.add_argument("--yes", action="store_true", help="do not ask")
    action(actions, "reveal", _reveal, "say which system is which, after the lock")
    compare_results.add_parsers(actions)
    delete = action(actions, "delete", _delete, "delete a campaign with all its ratings")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _facts(campaign: Campaign) -> dict[str, Any]:
    """What may be known of a campaign before the lock: nothing says whose an output is."""
    from trainer import background
    from trainer.campaigns import job
    from trainer.campaigns.folder import RATINGS
    from trainer.campaigns.values import plain
    from trainer.ratings.log import RatingsLog

    stage = campaign.stage
    tasks = campaign.tasks()
    given = RatingsLog(campaign.path / RATINGS).latest() if stage in ("open", "locked") else {}
    reviewers = []
    for reviewer in campaign.reviewers():
        mine = {task.item for task in tasks if task.reviewer == reviewer.id}
        done = [given[reviewer.id, item] for item in mine if (reviewer.id, item) in given]
        reviewers.append({
            "id": reviewer.id, "name": reviewer.name, "done": len(done), "total": len(mine),
            "seconds": round(sum(rating.seconds for rating in done), 1),
            "consent": campaign.consent(reviewer.id),
        })  # fmt: skip
    status = background.status(campaign.path)
    working = status.text if status.running else " ".join([status.message, status.hint]).strip()
    return {
        **plain(campaign.settings),
        "folder": str(campaign.path),
        "stage": stage,
        "making": working if stage in ("making", "failed") else "",
        "systems": sorted(system.name for system in job.systems_of(campaign)),
        "reviewers": reviewers,
        "flags": campaign.flags(),
        "log": campaign.log(),
    }


def _list(arguments: argparse.Namespace) -> int:
    from trainer.campaigns.folder import Campaigns
    from translator.settings import Settings

    facts = [_facts(campaign) for campaign in Campaigns(Settings.load()).list()]
    if arguments.json:
        print_json(facts)
        return 0
    if not facts:
        say("There are no campaigns yet. `verso compare new --help` tells how to make one.")
    table(
        ("id", "name", "languages", "protocol", "stage", "reviewers", "rated", "made"),
        [
            (
                each["id"],
                each["name"],
                f"{each['source']} → {each['target']}",
                each["protocol"],
                each["stage"],
                str(len(each["reviewers"])),
                _rated(each),
                datetime.fromtimestamp(each["created"]).strftime("%Y-%m-%d %H:%M"),
            )
            for each in facts
        ],
    )
    return 0


def _rated(facts: dict[str, Any]) -> str:
    done = sum(one["done"] for one in facts["reviewers"])
    total = sum(one["total"] for one in facts["reviewers"])
    return f"{done:,} of {total:,}" if total else ""


def _show(arguments: argparse.Namespace) -> int:
    facts = _facts(found(arguments))
    if arguments.json:
        print_json(facts)
        return 0
    flags = facts["flags"].get("outputs", [])
    lines = {
        "id": facts["id"],
        "name": facts["name"],
        "folder": facts["folder"],
        "languages": f"{facts['source']} → {facts['target']}",
        "protocol": facts["protocol"],
        "stage": facts["stage"],
        "making": facts["making"],
        "systems": ", ".join(facts["systems"]),
        "rated": _rated(facts),
        "findings": f"{len(flags)} outputs to look at" if flags else "",
        "key": f"SHA-256 {facts['key_hash']}" if facts["key_hash"] else "",
    }
    for name, value in lines.items():
        if value:
            print(f"{name + ':':<11} {value}")
    print()
    table(
        ("reviewer", "name", "rated", "minutes", "agreed"),
        [
            (
                one["id"],
                one["name"],
                f"{one['done']:,} of {one['total']:,}",
                f"{one['seconds'] / 60:.0f}",
                {None: "", True: "yes", False: "no"}[one["consent"]],
            )
            for one in facts["reviewers"]
        ],
    )
    if flags:
        print()
        table(
            ("system", "document", "segment", "check", "detail"),
            [
                (f["system"], f["document"], str(f["position"] + 1), f["check"], f["detail"])
                for f in flags
            ],
        )
    return 0


def _links(arguments: argparse.Namespace) -> int:
    from trainer.campaigns import joining, links
    from translator.errors import InputError

    campaign = found(arguments)
    if campaign.stage != "open":
        raise InputError(
            f"The campaign is not open but {campaign.stage}.", "Only open ones have links."
        )
    if arguments.revoke:
        wanted = arguments.revoke
        one = next((r for r in campaign.reviewers() if wanted in (r.name, r.id)), None)
        if one is None:
            raise InputError(
                f"There is no reviewer {wanted!r}.",
                f"Reviewers: {', '.join(r.name for r in campaign.reviewers())}.",
            )
        links.revoke(campaign, one.id, who())
        say(f"The old link of {one.name} does not work any more.")
    if arguments.add is not None:
        one = joining.add_reviewer(campaign, arguments.add, who())
        say(f"{one.name} rates {len(campaign.tasks(one.id)):,} items.")
    base = arguments.base.rstrip("/")
    table(
        ("reviewer", "link"),
        [(one.name, f"{base}/r/{links.make(campaign, one.id)}") for one in campaign.reviewers()],
    )
    say("Whoever has a link can rate in that person's name: send each to one person only.")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from trainer.campaigns.reviewer_app import reviewer_server
    from translator.settings import Settings

    server = reviewer_server(Settings.load(), arguments.host, arguments.port)
    with closing(_listener(arguments.host, arguments.port)) as listener:
        port = listener.getsockname()[1]
        say(f"Reviewers' pages at http://{arguments.host}:{port}. Ctrl+C ends it.")
        say("`verso compare links ID --base …` shows the links with the address to be reached.")
        server.run(sockets=[listener])
    return 0


def _listener(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises :class:`InputError` if that cannot be."""
    from translator.errors import InputError

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0  # of a name that is unknown: below 0
        reason = os.strerror(number) if number > 0 else str(error)
        raise InputError(
            f"Nobody can be served at {host}:{port}: {reason}.",
            "Choose another port with --port, and an address of this machine with --host.",
        ) from error


def _sure(arguments: argparse.Namespace, question: str) -> bool:
    from translator.errors import InputError

    if arguments.yes:
        return True
    if not is_terminal():
        raise InputError("Nobody can be asked here.", "Add --yes if you are sure.")
    return ask(question, default=False)


def _lock(arguments: argparse.Namespace) -> int:
    campaign = found(arguments)
    name = campaign.settings.name
    if not _sure(arguments, f"No answer to {name} is taken after the lock. Lock it?"):
        return 1
    campaign.lock(who())
    say(f"Locked. `verso compare reveal {campaign.id}` says which system is which.")
    return 0


def _reveal(arguments: argparse.Namespace) -> int:
    from trainer.results.table import system_labels

    campaign = found(arguments)
    key = campaign.reveal(who())
    letters = system_labels(key, final=False)
    say(f"The key is the one whose SHA-256 was published: {campaign.settings.key_hash}.")
    table(
        ("was shown as", "system", "kind", "reference"),
        [(letters[one.id], one.name, one.kind, one.reference) for one in key.systems],
    )
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    campaign = found(arguments)
    if not _sure(arguments, f"Delete {campaign.settings.name} with all its ratings?"):
        return 1
    campaign.delete()
    say("Deleted.")
    return 0
