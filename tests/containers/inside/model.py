"""A model's endpoint: writes the program in argv[1], finds every task in scope and every program harmless."""

from __future__ import annotations

import json
import math
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def reply(body: dict[str, Any]) -> str:
    if body.get("max_tokens") == 1:
        return "YES" if "YES or NO" in str(body["messages"][-1]["content"]) else "ALLOW"
    if "response_format" in body:
        return '{"findings": [], "outcome": "ALLOW"}'
    return f"```python\n{sys.argv[1]}\n```"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"object": "list", "data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        token = reply(body)
        likely = {"token": token, "logprob": math.log(0.999), "bytes": list(token.encode())}
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": token},
            "logprobs": {"content": [{**likely, "top_logprobs": [likely]}]} if body.get("logprobs") else None,
        }
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        kind = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"]}
        self._send({**kind, "choices": [choice], "usage": usage})

    def _send(self, told: dict[str, Any]) -> None:
        payload = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
