"""``verso compare new``, ``resume`` and ``stop``: making a campaign."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.compare_one import action, found, who
from translator.commands.terminal import errors_console, interruptible, say

if TYPE_CHECKING:
    from trainer.campaigns.folder import Campaign

_TICK = 0.3  # seconds between looks
_SAMPLE = """\
# A campaign of Verso. To make it: verso compare new FILE
name = "Moby-Dick, chapter 1"   # reviewers read it: name no system
source = "en"
target = "de"
protocol = "contrastive-esa"    # or esa, da, mqm, pairwise, post-edit, deliver
reviewers = ["Ada", "Blaise"]
overlap = 0.2                   # share of documents that everybody rates

[texts]
book = "moby-dick.epub"         # or text, lines (with reference, documents), tmx, jsonl
chapters = "1-3"
segments = 40                   # about so many; 0: all
excerpt = 10                    # in runs of so many; 0: whole documents

[[systems]]                     # two to four
model = "MODEL"                 # an id of `verso models list`; also scale, style, greedy
[[systems]]
run = "RUN/checkpoint-100"
[[systems]]
file = "outputs.txt"            # made elsewhere: TXT, JSONL or TMX
name = "Somebody's"
[[systems]]
memory = true                   # the translation memory
"""


def add_parsers(actions: Any) -> None:  # argparse's class is private
    """Add the actions."""
    new: argparse.ArgumentParser = actions.add_parser(
        "new",
        help="make a campaign",
        description="From a settings file, or from options, which win over the file. The outputs "
        "are made by a process of its own: closing the terminal leaves it at work.",
        epilog="A settings file to begin with: verso compare new --sample > campaign.toml",
    )
    new.add_argument("plan", nargs="?", type=Path, metavar="PLAN.toml", help="settings file")
    new.add_argument("--sample", action="store_true", help="print a settings file and end")
    new.add_argument("--name", help="what reviewers read above their work")
    new.add_argument("--from", dest="source", metavar="LANG", help="language of the texts")
    new.add_argument("--to", dest="target", metavar="LANG", help="language of the translations")
    new.add_argument("--protocol", metavar="NAME", help="contrastive-esa, esa, da, mqm, pairwise, "
                     "post-edit or deliver")  # fmt: skip
    new.add_argument("--reviewer", action="append", metavar="NAME", help="may be given again")
    texts = new.add_argument_group("texts").add_mutually_exclusive_group()
    for kind, about in {
        "text": "the text itself",
        "book": "a book; see --chapters",
        "lines": "a test set, a segment a line; see --reference and --documents",
        "tmx": "a TMX file, whose targets are references",
        "jsonl": "rows with source, and document and reference if you like",
    }.items():
        texts.add_argument(f"--{kind}", metavar="TEXT" if kind == "text" else "FILE", help=about)
    new.add_argument("--chapters", metavar="1-3,5", help="of a book")
    new.add_argument("--reference", metavar="FILE", help="line N is for line N of the source")
    new.add_argument("--documents", metavar="FILE", help="the name of each line's document")
    new.add_argument("--segments", type=int, metavar="N", help="about so many (0: all)")
    new.add_argument("--excerpt", type=int, metavar="N", help="in runs of so many (0: whole texts)")
    systems = new.add_argument_group("systems (two to four)")
    systems.add_argument("--model", action="append", metavar="ID[@SCALE]", help="a model; SCALE is "
                         "the strength of its adapter")  # fmt: skip
    systems.add_argument("--run", action="append", dest="runs", metavar="RUN[/checkpoint-N]",
                         help="a training run, at its best or at a checkpoint")  # fmt: skip
    systems.add_argument("--file", action="append", metavar="NAME=FILE",
                         help="outputs made elsewhere: TXT, JSONL or TMX")  # fmt: skip
    systems.add_argument("--memory", action="store_true", help="the translation memory")
    new.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="another setting of the file, as in overlap=0.5; may be given again",
    )  # fmt: skip
    new.add_argument("--detach", action="store_true", help="begin, and do not wait for the end")
    new.set_defaults(run=_new)
    resume = action(
        actions, "resume", _resume, "go on with one that was stopped or failed while it was made"
    )
    resume.add_argument("--detach", action="store_true", help="do not wait for the end")
    action(actions, "stop", _stop, "stop making a campaign; what was made is kept")


def _new(arguments: argparse.Namespace) -> int:
    from trainer.campaigns import job
    from translator.settings import Settings

    if arguments.sample:
        print(_SAMPLE, end="")
        return 0
    campaign = job.create(_plan(arguments), Settings.load(), who())
    say(f"Campaign {campaign.id}: {campaign.path}")
    return _begun(campaign, arguments.detach)


def _resume(arguments: argparse.Namespace) -> int:
    from trainer.campaigns import job
    from translator.settings import Settings

    campaign = found(arguments)
    job.again(campaign, Settings.load())
    return _begun(campaign, arguments.detach)


def _stop(arguments: argparse.Namespace) -> int:
    from trainer import background
    from trainer.campaigns import job
    from translator.errors import InputError

    campaign = found(arguments)
    if not background.status(campaign.path).running:
        raise InputError("This campaign is not being made.", "There is nothing to stop.")
    job.stop(campaign)
    say(f"Stopping. `verso compare resume {campaign.id}` goes on.")
    return 0


def _plan(arguments: argparse.Namespace) -> Any:
    """The plan of the file with what was said on the command line."""
    from trainer import settings_text
    from trainer.campaigns import plan

    changes = settings_text.changes(arguments.set)
    values: dict[str, Any] = {}
    folder = Path.cwd()
    if arguments.plan:
        values = settings_text.read(arguments.plan)
        folder = arguments.plan.resolve().parent
    given = {name: getattr(arguments, name) for name in ("name", "source", "target", "protocol")}
    changes |= {name: value for name, value in given.items() if value}
    if arguments.reviewer:
        changes["reviewers"] = arguments.reviewer
    if texts := _texts(arguments, values.get("texts", {})):
        changes["texts"] = texts
    if systems := _systems(arguments):
        changes["systems"] = systems
    return plan.of({**values, **changes}, folder)


def _texts(arguments: argparse.Namespace, before: Any) -> dict[str, Any]:
    """The table ``[texts]``; a path of the command line is relative to where one is."""
    kinds = ("text", "book", "lines", "tmx", "jsonl")
    said = {kind: value for kind in kinds if (value := getattr(arguments, kind)) is not None}
    said = {k: v if k == "text" else str(Path(v).expanduser().absolute()) for k, v in said.items()}
    names = ("chapters", "segments", "excerpt")
    more = {n: value for n in names if (value := getattr(arguments, n)) is not None}
    for name in ("reference", "documents"):
        if value := getattr(arguments, name):
            more[name] = str(Path(value).expanduser().absolute())
    kept = {} if said else dict(before)
    return {**kept, **said, **more} if said or more else {}


def _systems(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Tables ``[[systems]]``, in place of those of the file."""
    from translator.errors import InputError

    found: list[dict[str, Any]] = []
    for model in arguments.model or ():
        name, at, scale = model.rpartition("@")
        try:
            found.append({"model": name, "scale": float(scale)} if at else {"model": model})
        except ValueError as error:
            raise InputError(
                f"{scale!r} is no strength of an adapter.", "Write it as in name@0.5."
            ) from error
    found += [{"run": run} for run in arguments.runs or ()]
    for each in arguments.file or ():
        name, equals, path = each.partition("=")
        if not (name and equals and path):
            raise InputError(f"{each!r} is not understood.", "Write NAME=FILE.")
        found.append({"file": str(Path(path).expanduser().absolute()), "name": name})
    if arguments.memory:
        found.append({"memory": True})
    return found


def _begun(campaign: Campaign, detach: bool) -> int:
    """Follow the making; Ctrl+C stops it."""
    from trainer import background
    from trainer.campaigns import job
    from translator.errors import Cancelled, VersoError

    if detach:
        say(f"`verso compare show {campaign.id}` tells how it goes.")
        print(campaign.id)
        return 0
    with interruptible() as stop, errors_console().status("Starting") as line:
        asked = False
        while (status := background.status(campaign.path)).running:
            share = "" if status.fraction is None else f"{status.fraction:.0%}, "
            line.update(f"{share}{status.text}")
            if stop.is_set() and not asked:
                asked = True
                job.stop(campaign)
            time.sleep(_TICK)
    if status.state == "stopped":
        raise Cancelled("Stopped.", f"`verso compare resume {campaign.id}` goes on.")
    if status.state != "done":
        raise VersoError(status.message, status.hint)
    findings = campaign.flags().get("outputs", [])
    if failed := sum(finding["fatal"] for finding in findings):
        say(f"verso: the checks would not let {failed} outputs stand; reviewers rate them so.")
    say(f"Open. `verso compare links {campaign.id}` shows the reviewers' links.")
    print(campaign.id)
    return 0
