"""What a process does to the files of a directory, call by call, and what a power cut would leave of them.

Knows strace's lines and what POSIX promises: data is durable once its file was synced, a name once its
directory was. Knows nothing of what the files mean.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""
_CALLS: Final = (
    "open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,fsync,fdatasync,"
    "sync_file_range,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,copy_file_range"
)
_LINE = re.compile(r"(\d+)\s+(.*)")
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_HANDLE = re.compile(r"(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@cache
def strace_works() -> bool:
    """Whether processes can be traced here."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-f", "true"], capture_output=True).returncode == 0


@dataclass(frozen=True)
class Step:
    """One call that succeeded.

    `what`: create, write, truncate, sync, sync_names, rename, exchange, remove or said.
    """

    what: str
    name: str = ""
    """The file, by its name in the directory."""
    data: bytes = b""
    """What was written, or said on standard output."""
    offset: int = -1
    """Where; -1 behind what is there. The new size for truncate."""
    to: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.name or self.data.decode(errors='replace')[:40]}".strip()


def record(command: Sequence[str], directory: Path, *, cwd: Path) -> list[Step]:
    """Run a command to its end and tell what it did in `directory`.

    Raises CalledProcessError when it fails, ValueError for a call there that is not understood.
    """
    trace = directory.with_name(f"{directory.name}.trace")
    options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-e", f"trace={_CALLS}", "-o", str(trace)]
    subprocess.run(["strace", *options, *command], cwd=cwd, stdout=subprocess.PIPE, check=True)
    return list(_steps(trace.read_text(), f"{directory}"))


def _steps(trace: str, directory: str) -> Iterator[Step]:
    """What is said counts from when the call began, everything else from when it was over."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        process, text = match.groups()
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix(" <unfinished ...>")
            if text.startswith("write(1<"):
                yield Step("said", data=_strings(text)[0])
            continue
        if resumed := _RESUMED.fullmatch(text):
            text = begun.pop(process) + resumed[1]
            if text.startswith("write(1<"):
                continue
        if found := _CALL.match(text):
            yield from _step(found[1], found[2], int(found[3]), directory)


def _step(call: str, arguments: str, result: int, directory: str) -> Iterator[Step]:
    if result < 0:
        return
    strings = _strings(arguments)
    if call == "write" and arguments.startswith("1<"):
        yield Step("said", data=strings[0])
        return
    handle = _HANDLE.search(arguments)
    path = _bytes(handle[1]).decode() if handle and not arguments.startswith("AT_FDCWD") else ""
    path = path or strings[0].decode()
    if path == directory:
        if call in ("fsync", "fdatasync"):
            yield Step("sync_names")
        return
    if not path.startswith(directory + "/"):
        return
    name = path.removeprefix(directory + "/")
    numbers = [int(number) for number in re.findall(r", (\d+)(?=,|$)", _STRING.sub("", arguments))]
    match call:
        case "openat":
            if "O_CREAT" in arguments or "O_TRUNC" in arguments:
                yield Step("create", name, offset=0 if "O_TRUNC" in arguments else -1)
        case "write":
            yield Step("write", name, strings[0][:result])
        case "pwrite64":
            yield Step("write", name, strings[0][:result], numbers[-1])
        case "ftruncate":
            yield Step("truncate", name, offset=numbers[-1])
        case "fsync" | "fdatasync":
            yield Step("sync", name)
        case "rename":
            yield Step("rename", name, to=strings[1].decode().removeprefix(directory + "/"))
        case "renameat2" if arguments.endswith("RENAME_EXCHANGE"):
            yield Step("exchange", name, to=strings[1].decode().removeprefix(directory + "/"))
        case "unlink":
            yield Step("remove", name)
        case _:
            raise ValueError(f"{call} is not understood")


def _strings(text: str) -> list[bytes]:
    return [_bytes(found) for found in _STRING.findall(text)]


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


@dataclass
class _File:
    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    pending: list[Step] = field(default_factory=list)

    def change(self, step: Step) -> None:
        _apply(self.content, step)
        self.pending.append(step)

    def sync(self) -> None:
        self.durable = bytes(self.content)
        self.pending.clear()

    def torn(self, chance: random.Random) -> bytes:
        """What was synced, and of each later change nothing, all, or some of its sectors."""
        found = bytearray(self.durable)
        for step in self.pending:
            pieces = [step] if step.what == "truncate" else list(_sectors(found, step))
            keep = chance.choice((0.0, 0.5, 1.0))
            for piece in pieces:
                if chance.random() < keep:
                    _apply(found, piece)
        return bytes(found)


def _sectors(content: bytearray, step: Step) -> Iterator[Step]:
    start = len(content) if step.offset < 0 else step.offset
    at = 0
    while at < len(step.data):
        size = SECTOR - (start + at) % SECTOR
        yield Step("write", step.name, step.data[at : at + size], start + at)
        at += size


def _apply(content: bytearray, step: Step) -> None:
    if step.what == "truncate":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    start = len(content) if step.offset < 0 else step.offset
    content.extend(bytes(max(0, start - len(content))))
    content[start : start + len(step.data)] = step.data


@dataclass
class Disk:
    """The directory after the steps that were taken."""

    said: bytes = b""
    """What the process wrote to standard output."""
    _names: dict[str, _File] = field(default_factory=dict)
    _durable_names: dict[str, _File] = field(default_factory=dict)
    _history: list[dict[str, _File]] = field(default_factory=list)
    """The names after each change since they were last synced."""

    def take(self, step: Step) -> None:
        """Do one step."""
        match step.what:
            case "said":
                self.said += step.data
            case "create":
                if step.name not in self._names:
                    self._rename({**self._names, step.name: _File()})
                if step.offset == 0 and self._names[step.name].content:
                    self._names[step.name].change(Step("truncate", step.name, offset=0))
            case "write" | "truncate":
                self._names[step.name].change(step)
            case "sync":
                self._names[step.name].sync()
            case "rename" | "remove":
                others = {name: file for name, file in self._names.items() if name != step.name}
                moved = {step.to: self._names[step.name]} if step.to else {}
                self._rename(others | moved)
            case "exchange":
                one, other = self._names[step.name], self._names[step.to]
                self._rename({**self._names, step.name: other, step.to: one})
            case "sync_names":
                self._durable_names = self._names
                self._history.clear()

    def _rename(self, names: dict[str, _File]) -> None:
        self._names = names
        self._history.append(names)

    def kept(self) -> Mapping[str, bytes]:
        """After a kill, or a power cut by luck: all that was written."""
        return {name: bytes(file.content) for name, file in self._names.items()}

    def lost(self) -> Mapping[str, bytes]:
        """After a power cut: nothing but what was synced."""
        return {name: file.durable for name, file in self._durable_names.items()}

    def torn(self, chance: random.Random) -> Mapping[str, bytes]:
        """After a power cut: what was synced, and some of the rest."""
        names = chance.choice([self._durable_names, *self._history])
        return {name: file.torn(chance) for name, file in names.items()}
