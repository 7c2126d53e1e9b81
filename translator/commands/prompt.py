"""The interactive prompt: a line in, its translation streamed out."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from typing import TYPE_CHECKING

from translator import languages
from translator.commands.fetch import ensure
from translator.commands.options import sampling_of, saved_glossaries
from translator.commands.streamed import print_stream
from translator.commands.terminal import complain, interruptible, say
from translator.commands.translate import report_failures
from translator.errors import Cancelled, InputError, VersoError
from translator.translator import Translator

if TYPE_CHECKING:
    from translator.engines.pool import EnginePool
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings

_HELP = """\
Type a line to translate it. Commands:
  /to LANG      translate into another language      /from LANG   name the source (or auto)
  /model ID     use another model                    /style STYLE literary, formal, plain, none
  /help         this list                            /quit        leave (Ctrl+D too)
Ctrl+C stops a translation. Two slashes at the start of a line stand for one."""


class Prompt:
    """One session at a terminal."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        settings: Settings,
        registry: Registry,
        spec: ModelSpec,
        pool: EnginePool,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._pool = pool
        self._download = arguments.download
        self._to = languages.get(arguments.to).tag
        self._source = _source(arguments.source)
        self._style = arguments.style
        self._brief = arguments.brief
        self._sampling = sampling_of(arguments)
        self._glossaries = saved_glossaries(arguments, settings)
        self._translator = Translator(spec.id, settings=settings, pool=pool)
        self._ready = False  # whether the model is known to be loaded

    def run(self) -> int:
        """Read lines until the person leaves."""
        if importlib.util.find_spec("readline") is not None:
            import readline  # noqa: F401  # gives input() its line editing
        say(f"{self._translator.model.name}. /help lists the commands, Ctrl+D leaves.")
        while (line := self._read()) is not None:
            try:
                if not self._obey(line.strip()):
                    break
            except (Cancelled, KeyboardInterrupt):
                say("")
                say("Stopped.")
            except VersoError as error:
                complain(error)
        return 0

    def _read(self) -> str | None:
        """The next line; ``None`` at the end of the input."""
        prompt = f"{self._source} → {self._to}> "
        while True:
            try:
                if sys.stdout.isatty():
                    return input(prompt)
                print(prompt, end="", file=sys.stderr, flush=True)
                return input()
            except KeyboardInterrupt:
                say("")  # as in a shell: the line is thrown away
            except EOFError:
                say("")
                return None
            except UnicodeDecodeError:
                say("verso: This line is not UTF-8 text.")

    def _obey(self, line: str) -> bool:
        """Do what a line says; tell whether to go on."""
        if not line.startswith("/") or line.startswith("//"):
            self._translate(line.removeprefix("/") if line.startswith("//") else line)
            return True
        command, _, value = line.partition(" ")
        value = value.strip()
        if command in ("/quit", "/exit", "/q"):
            return False
        if command == "/help":
            say(_HELP)
        elif command == "/to":
            self._to = languages.get(_given(value, command)).tag
        elif command == "/from":
            self._source = _source(_given(value, command))
        elif command == "/style":
            self._style = "" if value in ("", "none") else value
        elif command == "/model":
            self._switch(_given(value, command))
        else:
            raise InputError(f"There is no command {command}.", "/help lists the commands.")
        return True

    def _switch(self, model: str) -> None:
        spec = self._registry.get(model)
        ensure(spec, self._registry, self._settings, download=self._download)
        self._translator = Translator(spec.id, settings=self._settings, pool=self._pool)
        self._ready = False
        say(f"{spec.name}.")

    def _translate(self, text: str) -> None:
        if not text:
            return
        with interruptible() as stop:
            updates = self._translator.stream(
                text,
                to=self._to,
                source=self._source,
                style=self._style,
                brief=self._brief,
                sampling=self._sampling,
                glossaries=self._glossaries,
                stop=stop,
            )
            doing = "Translating" if self._ready else f"Loading {self._translator.model.name}"
            result = print_stream(updates, doing)
            self._ready = True
            report_failures(result)


def _source(name: str) -> str:
    return "auto" if name.lower() == "auto" else languages.get(name).tag


def _given(value: str, command: str) -> str:
    if not value:
        raise InputError(f"{command} needs a name after it.", "/help lists the commands.")
    return value
