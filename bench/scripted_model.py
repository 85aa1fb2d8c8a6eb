"""An OpenAI-compatible endpoint that answers at once, as its own process: `python -m bench.scripted_model`.

It writes the program that comes on stdin's first line (a JSON string), calls every task in scope and every
program harmless. It prints its base URL; for each further line on stdin it prints how many chat requests it
has answered, and how many characters their messages had. So a bench meets the services' own cost: what the
SDK, HTTP and parsing take, and no model.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from tests.fakes.openai_server import Answer, Body, OpenAIServer


def agreeable(program: str) -> Callable[[Body], Answer]:
    """The first option of a choice, no findings, and this program."""

    def reply(body: Body) -> Answer:
        if body.get("max_tokens") == 1:
            screening = "YES or NO" in str(body["messages"][-1]["content"])
            return {"YES" if screening else "ALLOW": 0.999}
        if "response_format" in body:
            return json.dumps({"findings": [], "outcome": "ALLOW"})
        return f"```python\n{program}\n```"

    return reply


def characters(body: Body) -> int:
    """Of all messages of a chat request."""
    return sum(len(str(message["content"])) for message in body["messages"])


def main() -> None:
    """Serve until stdin ends."""
    program = json.loads(sys.stdin.readline())
    with OpenAIServer(agreeable(program)) as server:
        print(server.base_url, flush=True)
        for _ in sys.stdin:
            print(len(server.requests), sum(map(characters, server.requests)), flush=True)


if __name__ == "__main__":
    main()
