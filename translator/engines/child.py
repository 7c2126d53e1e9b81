"""An engine that runs in a child process, seen as an :class:`~.base.Engine`.

The child is started on demand and again after a crash; what was in flight then ends with one
failure each, and the caller decides whether to ask again. :mod:`.serving` is the other end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from translator.engines.base import Chunk, Done, EngineInfo, Failure, Finish, Request, Sink
from translator.errors import EngineError, VersoError

Message = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent.parent


class ChildEngine:
    """Runs one model. See :class:`translator.engines.base.Engine` for the contract.

    ``module`` is the child's program, ``load`` the first message that it gets, ``name`` the
    model's in what a person reads.
    """

    def __init__(
        self,
        module: str,
        name: str,
        load: Message,
        on_loading: Callable[[float], None] | None = None,
    ) -> None:
        self._module = module
        self._name = name
        self._load = load
        self._on_loading = on_loading or (lambda _fraction: None)
        self._lock = threading.RLock()
        self._child: _Child | None = None
        self._closed = False
        self._tickets = count()

    # --- the contract ----------------------------------------------------------------------

    @property
    def info(self) -> EngineInfo:
        """Facts about the model; waits until it is loaded.

        Raises:
            VersoError: the model cannot be loaded.
        """
        return self._running().info()

    def submit(self, request: Request, sink: Sink) -> None:
        """See :meth:`translator.engines.base.Engine.submit`."""
        message = {
            "op": "submit",
            "id": request.id,
            "parts": [[part.text, part.special] for part in request.prompt.parts],
            "shared": request.prompt.shared,
            "stop": list(request.prompt.stop),
            "reply": [[part.text, part.special] for part in request.prompt.reply],
            "sampling": asdict(request.sampling),
            "priority": int(request.priority),
            "adapter": request.adapter,
        }
        try:
            self._running().submit(request.id, message, sink)
        except VersoError as error:
            sink(Failure(request.id, error))

    def cancel(self, request_id: str) -> None:
        """See :meth:`translator.engines.base.Engine.cancel`."""
        with self._lock:
            child = self._child
        if child is not None and child.alive:
            child.send({"op": "cancel", "id": request_id})

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See :meth:`translator.engines.base.Engine.count_tokens`.

        Raises:
            VersoError: the model cannot be loaded, or its process died.
        """
        counts: list[int] = self.ask("count", texts=list(texts))
        return counts

    def close(self) -> None:
        """Stop the child process; requests in flight end with a failure."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.stop()

    # --- beyond the contract ---------------------------------------------------------------

    def ask(self, op: str, **values: Any) -> Any:
        """Ask the child something and wait for its answer.

        Raises:
            VersoError: the child says so, cannot load the model, or died.
        """
        return self._running().ask({"op": op, "ticket": next(self._tickets), **values})

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs (to measure its memory)."""
        with self._lock:
            return self._child.pid if self._child is not None and self._child.alive else None

    def _running(self) -> _Child:
        """The living child; a new one if there is none or the last one died."""
        with self._lock:
            if self._closed:
                raise EngineError("The model was unloaded.", "Start the translation again.")
            if self._child is None or not self._child.alive:
                self._child = _Child(self._module, self._name, self._load, self._on_loading)
            return self._child


class _Child:
    """One life of the child process."""

    def __init__(
        self, module: str, name: str, load: Message, on_loading: Callable[[float], None]
    ) -> None:
        self._on_loading = on_loading
        self._name = name
        self._sinks: dict[str, Sink] = {}
        self._answers: dict[int, Message | None] = {}
        self._state = threading.Condition()
        self._info: EngineInfo | None = None
        self._error: VersoError | None = None
        self._write_lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=child_environment(),
            # Ctrl+C in a terminal is the app's to handle, not the child's.
            start_new_session=True,
        )
        self.send(load)
        threading.Thread(target=self._listen, name="engine-events", daemon=True).start()

    @property
    def alive(self) -> bool:
        with self._state:
            return self._error is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def info(self) -> EngineInfo:
        with self._state:
            self._state.wait_for(lambda: self._info is not None or self._error is not None)
            if self._info is None:
                raise self._error or EngineError("The model could not be loaded.")
            return self._info

    def submit(self, request_id: str, message: Message, sink: Sink) -> None:
        with self._state:
            if self._error is not None:
                raise self._error
            self._sinks[request_id] = sink
        self.send(message)

    def ask(self, message: Message) -> Any:
        ticket = message["ticket"]
        with self._state:
            self._answers[ticket] = None
        self.send(message)
        with self._state:
            self._state.wait_for(
                lambda: self._answers[ticket] is not None or self._error is not None
            )
            answer = self._answers.pop(ticket)
            if answer is None:
                raise self._error or EngineError("The engine stopped.")
        if "error" in answer:
            raise VersoError(*answer["error"])
        return answer["value"]

    def send(self, message: Message) -> None:
        """Write a line; a broken pipe means that the child died, which the listener handles."""
        stdin = self._process.stdin
        assert stdin is not None
        with self._write_lock:
            try:
                stdin.write(json.dumps(message) + "\n")
                stdin.flush()
            except (BrokenPipeError, ValueError):
                return

    def stop(self) -> None:
        """End the process: its input closes, and it is killed if that does not do."""
        stdin = self._process.stdin
        assert stdin is not None
        with self._write_lock:
            try:
                stdin.close()
            except BrokenPipeError:
                self._process.kill()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # --- the listening thread --------------------------------------------------------------

    def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            self._handle(json.loads(line))
        code = self._process.wait()
        stdout.close()
        with self._state:
            self._error = self._error or self._death(code)
            error = self._error
            sinks, self._sinks = self._sinks, {}
            self._state.notify_all()
        for request_id, sink in sinks.items():
            sink(Failure(request_id, error))

    def _death(self, code: int) -> EngineError:
        how = f"exit code {code}"
        if code < 0:
            try:
                how = f"signal {signal.Signals(-code).name}"
            except ValueError:
                how = f"signal {-code}"
        return EngineError(
            f"The engine running {self._name} stopped unexpectedly ({how}).",
            "It starts again by itself with the next text; if it stops again, choose a smaller "
            "model or close other programs to free memory.",
        )

    def _handle(self, message: Message) -> None:
        match message["event"]:
            case "progress":
                for item in message["items"]:
                    self._deliver(item)
            case "loading":
                self._on_loading(message["fraction"])
            case "ready":
                with self._state:
                    self._info = EngineInfo(
                        name=self._name,
                        context=message["context"],
                        slots=message["slots"],
                        chat_template=message["chat_template"],
                        bos_text=message["bos_text"],
                        eos_text=message["eos_text"],
                        instruction_sets=tuple(message["instruction_sets"]),
                        backend=message["backend"],
                    )
                    self._state.notify_all()
            case "answer":
                with self._state:
                    self._answers[message["ticket"]] = message
                    self._state.notify_all()
            case "unusable":
                with self._state:
                    self._error = EngineError(message["message"], message["hint"])

    def _deliver(self, item: list[Any]) -> None:
        kind, request_id, *rest = item
        with self._state:
            if kind == "chunk":
                sink = self._sinks.get(request_id)
            else:
                sink = self._sinks.pop(request_id, None)
        if sink is None:
            return
        match kind:
            case "chunk":
                sink(Chunk(request_id, rest[0]))
            case "done":
                text, finish, prompt_tokens, new_tokens, seconds = rest
                sink(Done(request_id, text, Finish(finish), prompt_tokens, new_tokens, seconds))
            case "failure":
                sink(Failure(request_id, VersoError(*rest)))


def usable_threads() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def child_environment() -> dict[str, str]:
    """The environment of a process in which a model runs.

    libgomp's threads spin at barriers, and starve each other as soon as something else uses the
    machine (measured beside a busy browser: a third of the speed). Not spinning at all costs a
    single sequence a quarter. So they spin for a moment, then sleep. The child imports this very
    package, also when it is not installed.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return {
        "GOMP_SPINCOUNT": "10000",
        "HF_HUB_OFFLINE": "1",  # what is not on this machine is not looked for elsewhere
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
    }
