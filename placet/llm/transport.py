"""The HTTP client under the OpenAI SDK: follows no redirect, unpacks nothing, and reads only so much.

Knows HTTP. Must not know models or messages. Without this, whoever answers could send a program on to another
host, or fill our memory.
"""

from collections.abc import AsyncIterator
from typing import Final

import httpx2
import openai

MAX_BODY_BYTES: Final = 4 * 1024 * 1024


class BodyRefused(Exception):  # noqa: N818  (a state of the answer, named for what we did)
    """The body is too large, or packed although we asked that it not be."""


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with BodyRefused when it goes on after `limit` bytes."""

    def __init__(self, body: httpx2.AsyncByteStream, limit: int) -> None:
        self._body = body
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._body:
            size += len(chunk)
            if size > self._limit:
                raise BodyRefused(f"the body has more than {self._limit} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()


async def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        # A packed body could be a thousand times what we counted.
        raise BodyRefused("the body is packed although we asked for a plain one")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, MAX_BODY_BYTES)


def http_client() -> httpx2.AsyncClient:
    """A client for one endpoint; the SDK closes it. Proxies and certificates are those of the environment."""
    return openai.DefaultAsyncHttpxClient(
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
    )
