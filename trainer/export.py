"""``verso export``: from a training run to a model of the app, proved before it is listed.

Everything happens on this machine, and without a network. A file gets its name and an entry in the
registry when it has passed its proof.
"""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer import bases, export_gguf, export_lora, export_proof, export_reference, run_files
from trainer import export_safetensors as export_folder
from trainer.architectures import Family, of_config, of_gguf
from trainer.corpus import Corpus
from trainer.dataset_examples import style_for
from trainer.export_listing import Origin, listed
from trainer.export_order import Exported as Exported
from trainer.export_order import Order as Order
from trainer.export_order import Progress, source, stoppable, workplace
from trainer.export_proof import Proof
from trainer.export_reference import Reference
from trainer.export_translations import translated
from trainer.export_weights import Adapter, Trained
from trainer.runs import Run
from translator.engines.gguf import GgufOptions
from translator.engines.gguf_logits import logits
from translator.engines.gguf_quantize import TYPES, quantize
from translator.errors import InputError, ModelError
from translator.model_making import Workshop
from translator.models import gguf_file
from translator.models.files import check_space
from translator.models.gguf_file import GgufFile
from translator.models.registry import Registry
from translator.settings import Settings

_ROOM = 1.2  # a file may be so much larger than its type's bits say


def export(
    run: Run,
    order: Order,
    settings: Settings,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Exported:
    """Make a model of a run, prove it and enter it in the registry.

    ``progress`` gets (what is done, the fraction of it) and may raise :class:`Cancelled`; so does
    the export itself after ``stop``.

    Raises:
        InputError: the order makes no sense, or the run has nothing to export yet.
        ModelError: the run cannot be exported so, or the result failed its proof.
        VersoError: it was stopped, or there is no room.
    """
    kind = order.quantization.upper()
    if order.kind == "merged" and kind not in TYPES:
        raise InputError(f"Unknown type {kind!r}.", f"Known types: {', '.join(TYPES)}.")
    report = stoppable(progress or (lambda _what, _fraction: None), stop)
    with workplace(run) as folder:
        made = _Export(run, replace(order, quantization=kind), settings, report, folder)
        return made.make(stop)


class _Export:
    def __init__(
        self, run: Run, order: Order, settings: Settings, report: Progress, folder: Path
    ) -> None:
        self._run = run
        self._order = order
        self._settings = settings
        self._report = report
        self._folder = folder
        self._wanted = run.settings
        weights = source(run, order.checkpoint)
        self._base = bases.resolve(
            self._wanted.model.base, settings, report, self._wanted.model.revision
        )
        trained_on = run.status().base_hash
        if trained_on and trained_on != self._base.hash:
            raise ModelError(
                f"{self._base.id} is not the model any more that this run was trained on.",
                "Put the former file back.",
            )
        full = self._wanted.method.kind == "full"
        self._adapter = None if full else Adapter(weights)
        self._adapter_folder = None if full else weights
        self._trained = Trained(weights if full else self._base.folder, self._adapter)
        self._registry = Registry(settings)
        self._workshop = Workshop(settings, self._registry)

    def make(self, stop: threading.Event | None) -> Exported:
        if self._base.encoder_decoder and self._order.kind != "safetensors":
            raise ModelError(
                "An encoder-decoder model does not run in Verso's GGUF engine.",
                "Export it as safetensors.",
            )
        target, identity, name = self._place()
        self._check()
        reference = self._reference()
        kind = self._order.kind
        if kind == "safetensors":
            proof = self._as_folder(target, reference)
        else:
            needed = self._needed()
            with self._workshop.written(target, needed, name) as partial:
                if kind == "adapter":
                    proof = self._as_adapter(partial, name, reference)
                else:
                    proof = self._as_model(partial, name, reference, stop)
        spec = listed(
            Origin(self._base, self._run, reference.style.id, proof, self._registry),
            target, identity, name, kind,
        )  # fmt: skip
        self._run.add_export(
            {
                "id": spec.id, "name": spec.name, "kind": kind, "file": str(target),
                "quantization": spec.quantization, "checkpoint": self._order.checkpoint,
                "time": time.time(), "proof": proof.facts(), "summary": proof.sentence(),
            }
        )  # fmt: skip
        return Exported(spec, target, proof)

    # --- before ------------------------------------------------------------------------------

    def _place(self) -> tuple[Path, str, str]:
        """Where it goes, its id and its name; a number is added to those that are taken."""
        order = self._order
        name = order.name.strip() or self._wanted.name or self._run.id
        ending = {"merged": f"-{order.quantization.lower()}", "adapter": "-adapter"}
        suffix = "" if order.kind == "safetensors" else ".gguf"
        for number in range(1, 1000):
            again = f"-{number}" if number > 1 else ""
            identity = f"{run_files.slug(name)}{ending.get(order.kind, '')}{again}"
            target = self._settings.models / f"{identity}{suffix}"
            if self._registry.holder(identity) is None and not target.exists():
                shown = {"merged": f" {order.quantization}", "adapter": " (adapter)"}
                return (
                    target,
                    identity,
                    f"{name}{shown.get(order.kind, '')}{again.replace('-', ' ')}",
                )
        raise InputError(f"The name {name!r} is taken.", "Choose another with --name.")

    def _family(self) -> Family:
        if self._base.gguf is not None:
            return of_gguf(self._file.entries["general.architecture"].text(), self._base.id)
        return of_config(self._base.architecture, self._base.id)

    @property
    def _file(self) -> GgufFile:
        assert self._base.gguf is not None
        return gguf_file.read(self._base.gguf)

    def _check(self) -> None:
        """Refuse what cannot work before anything takes time."""
        if self._order.kind == "safetensors":
            return
        family = self._family()
        if self._order.kind == "merged":
            return
        if self._adapter is None:
            raise ModelError(
                "This run trained all weights: there is no adapter.",
                "Export it merged, or as safetensors.",
            )
        if self._base.gguf is None:
            raise ModelError(
                f"The base {self._base.id} is no GGUF file, on which the app could run an adapter.",
                "Export it merged.",
            )
        export_lora.check(self._adapter, self._file, family)

    def _needed(self) -> int:
        values = export_folder.size(self._trained) / 2
        if self._order.kind == "adapter":
            return sum(2 * (x.a.size + x.b.size) for x in self._layers())
        check_space(self._folder, int(values * 2 * _ROOM), "the model in 16 bits")
        return int(values * TYPES[self._order.quantization] / 8 * _ROOM)

    def _layers(self) -> list[Any]:
        return list(self._adapter.layers.values()) if self._adapter is not None else []

    def _reference(self) -> Reference:
        """What the trained model computes and how it translates, asked of transformers."""
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(self._base.folder), local_files_only=True)
        style = style_for(tokenizer, self._wanted.model.style, self._base.style)
        length = min(self._wanted.data.length, export_reference.LONGEST)
        data = replace(self._wanted.data, length=length)
        corpus = Corpus.load(Path(data.corpus).expanduser())
        step = self._order.checkpoint or self._run.status().best_step
        known = export_reference.recorded(self._run, step)
        count = self._wanted.evaluation.lines if known else export_reference.LINES
        found = export_reference.probes(
            corpus,
            data,
            tokenizer,
            style,
            encoder_decoder=self._base.encoder_decoder,
            longest=self._wanted.evaluation.max_new_tokens,
        )
        reference = Reference(found, count, tokenizer, style, self._folder)
        self._report("loading the trained model", 0.0)
        model = export_reference.load(self._trained.folder, self._adapter_folder)
        reference.compute(model, known, self._report)
        return reference

    # --- making ------------------------------------------------------------------------------

    def _facts(self, name: str, reference: Reference) -> dict[str, str]:
        return {
            "general.name": name,
            "verso.made_from": self._base.id,
            "verso.run": self._run.id,
            "verso.style": reference.style.id,
        }

    def _as_adapter(self, partial: Path, name: str, reference: Reference) -> Proof:
        base = self._base.gguf
        assert base is not None and self._adapter is not None
        export_lora.write(
            self._adapter, self._file, self._family(), partial, self._facts(name, reference)
        )
        options = self._options(base, partial)
        allowed = export_proof.limit("adapter")
        return self._proved(options, reference, allowed)

    def _as_model(
        self, partial: Path, name: str, reference: Reference, stop: threading.Event | None
    ) -> Proof:
        kind = self._order.quantization
        whole = partial if kind == "F16" else self._folder / "model.gguf"
        self._write(whole, name, reference)
        first = None
        if kind != "F16":
            # First that every layer is where it belongs, then what the quantization costs.
            allowed = export_proof.limit("merged")
            first = self._compare(self._options(whole), reference, allowed)
            quantize(
                whole, partial, kind, lambda done: self._report(f"quantizing to {kind}", done),
                threads=self._settings.threads, stop=stop,
            )  # fmt: skip
            whole.unlink()
        proof = self._proved(self._options(partial), reference, export_proof.limit(kind))
        return replace(proof, unquantized=first.divergence if first else None)

    def _write(self, path: Path, name: str, reference: Reference) -> None:
        total = export_folder.size(self._trained)

        def report(written: int) -> None:
            self._report("merging", written / total)

        facts, family = self._facts(name, reference), self._family()
        if self._base.gguf is None:
            export_gguf.write_new(self._trained, family, path, facts, report)
        else:
            keep = self._order.quantization != "F16"
            export_gguf.write_over(
                self._trained, self._file, family, path, facts, report, keep=keep
            )

    def _as_folder(self, target: Path, reference: Reference) -> Proof:
        total = export_folder.size(self._trained)
        target.parent.mkdir(parents=True, exist_ok=True)
        check_space(target.parent, total, target.name)
        partial = target.with_name(f".{target.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            export_folder.write(
                self._trained, partial, lambda done: self._report("merging", done / total)
            )
            model = export_reference.load(partial, None)
            answers = (export_reference.answer(model, probe) for probe in reference.compared)
            proof = export_proof.same_numbers(
                answers, reference, export_proof.limit("BF16"), self._report
            )
            partial.replace(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        scores = reference.scores  # the tokenizer is the very same, and so are the weights
        return replace(proof, lines=len(reference.probes), trained=scores, exported=scores)

    # --- proving -----------------------------------------------------------------------------

    def _options(self, model: Path, adapter: Path | None = None) -> GgufOptions:
        return GgufOptions(
            model,
            context=self._wanted.data.length + 512,
            slots=1,
            threads=self._settings.threads,
            adapter=str(adapter or ""),
        )

    def _compare(self, options: GgufOptions, reference: Reference, allowed: float) -> Proof:
        asked = [(probe.ids, probe.count) for probe in reference.compared]
        answers = logits(options, asked, self._folder)
        return export_proof.same_numbers(answers, reference, allowed, self._report)

    def _proved(self, options: GgufOptions, reference: Reference, allowed: float) -> Proof:
        texts = export_proof.same_tokens(options.path, reference)
        proof = self._compare(options, reference, allowed)
        translations = translated(options, reference, self._report)
        proof = replace(
            proof,
            texts=texts,
            lines=len(translations),
            trained=reference.scores,
            exported=export_reference.scores(reference.probes, translations),
        )
        export_proof.check_scores(proof)
        return proof
