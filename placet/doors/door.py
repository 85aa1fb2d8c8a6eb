"""A door: one caller's way into the chain, for an agent, narrowed to some scopes and one folder.

Knows the client's verbs. Whose certificate it is, is decided where the client is made; what that caller may
do, by the guard. Nothing is kept between two calls, so a door may be used from several event loops.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import grpc

from placet.answers import Event, Result, ScopeDocument
from placet.client import DEFAULT_TIMEOUT_S, Placet, new_request_id
from placet.doors.asked import Asked, File, Run, Solve, read_asked, schema
from placet.doors.folder import Folder
from placet.doors.handed import Handed, of_result, of_review
from placet.gathering import OnEvent
from placet.inputs import Input, refused
from placet.rpc.errors import ServiceError
from placet.scope import load_scope

MAX_OFFERED: Final = 50
HOW: Final = {
    "actions": "It takes no program of yours: use solve, in plain words or as a plan (MEAN price BY region).",
    "actions_then_program": "A task may be a plan, such as MEAN price BY region.",
}
"""What a model must know of a scope whose programs are compiled from plans, by its mode."""

Keep = Callable[[Result], Mapping[str, Path]]
"""Saves a result's files; name to path. Raises ServiceError."""


def _unheard(_: Event) -> None:
    """The listener of an agent that wants only the answer."""


def _nowhere(_: Result) -> Mapping[str, Path]:
    return {}


@dataclass(frozen=True)
class Offered:
    """A scope that an agent may name."""

    name: str
    purpose: str
    mode: str = "program"

    @property
    def words(self) -> str:
        """What it is for, and how it is used, for a model."""
        about = " ".join(self.purpose.split())
        return f"{about} {HOW[self.mode]}".strip() if self.mode in HOW else about


@dataclass(frozen=True)
class Door:
    """What an agent may ask, as whom."""

    connect: Callable[[], Placet]
    """Makes a client with the caller's certificate, for one call. Raises ServiceError."""
    scopes: tuple[str, ...] = ("*",)
    """Globs of the scopes that may be named. They narrow what the guard allows, and never widen it."""
    folder: Folder | None = None
    """Whose files may be named without content; None: no file."""
    keep: Keep = _nowhere
    timeout_s: float = DEFAULT_TIMEOUT_S
    review_wait_s: int = 0
    """How long people may take, in seconds, beside `timeout_s`, when a program needs their review."""

    @classmethod
    def here(
        cls,
        state: Path | str | None = None,
        *,
        scopes: Sequence[str] = ("*",),
        folder: Path | str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        review_wait_s: int = 0,
    ) -> Self:
        """A door of this machine's stack, or of the services that PLACET_SERVICES names.

        Which one is looked up at each call: a stack may be started later, or again.
        """
        return cls(
            lambda: Placet.connect(state),
            tuple(scopes),
            Folder(Path(folder).absolute()) if folder is not None else None,
            timeout_s=timeout_s,
            review_wait_s=review_wait_s,
        )

    async def offered(self) -> tuple[Offered, ...]:
        """The scopes that may be named now, by name, at most fifty.

        Raises ServiceError: the guard did not say.
        """
        async with self.connect() as placet:
            names = [scope.name for scope in await placet.scopes() if self._may_name(scope.name)]
            documents = await asyncio.gather(*(placet.scope(name) for name in names[:MAX_OFFERED]))
        return tuple(map(_offered, documents))

    def schema(self, tool: str, offered: Sequence[Offered] = ()) -> dict[str, Any]:
        """The tool's arguments for a model: with the scopes and files that it may name, as far as known.

        `offered` comes from `offered()`; without it, scopes are choices where they are named without globs.
        """
        scopes = [(scope.name, scope.words) for scope in offered] or self._named()
        return schema(tool, scopes, self.folder.names() if self.folder else ())

    async def ask(self, tool: str, arguments: Mapping[str, Any], on_event: OnEvent = _unheard) -> Handed:
        """Call a tool with what a model sent. Cancelling the call cancels the work.

        Raises:
            ServiceError: there is no answer: the arguments are none, the scope is not offered, a file is not
                there, or a service could not answer.
        """
        asked = read_asked(tool, arguments)
        if not self._may_name(asked.scope):
            raise self._not_offered(asked.scope)
        files = await asyncio.to_thread(self._files, asked.files)
        async with self.connect() as placet:
            return await self._answer(placet, asked, files, on_event)

    async def _answer(
        self, placet: Placet, asked: Asked, files: Sequence[Input], on_event: OnEvent
    ) -> Handed:
        request_id = new_request_id()
        if isinstance(asked, Solve):
            result = await placet.solve(
                asked.task, scope=asked.scope, inputs=files, on_event=on_event, **self._common(request_id)
            )
        elif isinstance(asked, Run):
            result = await placet.run(
                asked.program,
                scope=asked.scope,
                inputs=files,
                task=asked.task,
                on_event=on_event,
                **self._common(request_id),
            )
        else:
            review = await placet.review(
                asked.program,
                scope=asked.scope,
                inputs=files,
                task=asked.task,
                verdict_only=True,
                request_id=request_id,
                timeout_s=self.timeout_s,
            )
            return of_review(review, request_id)
        return of_result(result, asked.scope, await asyncio.to_thread(self.keep, result))

    def _common(self, request_id: str) -> dict[str, Any]:
        return {
            "request_id": request_id,
            "timeout_s": self.timeout_s,
            "review_wait_s": self.review_wait_s,
        }

    def _named(self) -> list[tuple[str, str]]:
        globs = any(set(scope) & set("*?[") for scope in self.scopes)
        return [] if globs else [(scope, "") for scope in self.scopes]

    def _may_name(self, scope: str) -> bool:
        return any(fnmatch.fnmatchcase(scope, glob) for glob in self.scopes)

    def _not_offered(self, scope: str) -> ServiceError:
        return ServiceError(
            grpc.StatusCode.PERMISSION_DENIED,
            "SCOPE_NOT_OFFERED",
            f"this door is not for the scope {scope!r}; it is for {', '.join(self.scopes)}",
        )

    def _files(self, files: Sequence[File]) -> list[Input]:
        return [self._file(file) for file in files]

    def _file(self, file: File) -> Input:
        content = file.content()
        if content is not None:
            return Input(file.name, content)
        if self.folder is None:
            raise refused("FILE_UNKNOWN", f"{file.name!r} came without content, and this door has no folder")
        return self.folder.read(file.name)


def _offered(document: ScopeDocument) -> Offered:
    scope = load_scope(document.document)
    return Offered(document.ref.name, scope.purpose, scope.mode)
