"""An OpenAI-compatible chat server on loopback that breaks on command.

    with OpenAIServer("hello") as server:             # or a function of the request's body
        model = ChatModel(ModelSettings(server.base_url, "key", "fake", 5.0))
        server.fail(Fault.RATE_LIMITED)               # the next request only
        server.fail_always(Fault.HANG)                # until server.heal()

A reply is text, a mapping from tokens to probabilities (a one-token choice), or a call of a tool.
"""

import gzip
import json
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """A model's wish to have a tool called."""

    tool: str
    arguments: str
    """As the model wrote them: JSON, one hopes."""


Answer = str | Mapping[str, float] | Call
Replier = Callable[[Body], Answer]


class Fault(Enum):
    """What goes wrong with one request."""

    RATE_LIMITED = auto()  # 429
    SERVER_ERROR = auto()  # 500
    UNAUTHORIZED = auto()  # 401
    REJECTED = auto()  # 400, about the content
    CONTENT_FILTERED = auto()  # 400 with code content_filter
    HANG = auto()  # no answer until the server stops
    DISCONNECT = auto()  # the connection closes without an answer
    TRUNCATED_JSON = auto()  # half of the body, under a full content length
    INVALID_JSON = auto()  # 200, but no JSON
    WRONG_SHAPE = auto()  # JSON, but no chat completion
    REFUSAL = auto()
    EMPTY = auto()
    LENGTH = auto()  # finish_reason "length"
    FILTERED_REPLY = auto()  # finish_reason "content_filter"
    BAD_LOGPROBS = auto()  # log-probabilities that are not numbers below 0
    NAN_LOGPROBS = auto()
    OTHER_TOKENS = auto()  # log-probabilities of tokens that begin no option
    OVERFULL = auto()  # probabilities whose sum is far above 1
    CONTRADICTION = auto()  # the text is another option than the likeliest token
    REDIRECT = auto()  # 307 to a place that would answer
    SLOW_DRIP = auto()  # the body comes byte by byte, without end
    HUGE_BODY = auto()  # 8 MiB around a valid completion
    PACKED_BODY = auto()  # gzip, although nobody asked for it
    OTHER_MODEL = auto()  # a completion in another model's name
    NO_MODEL = auto()
    TOOL_CALLS = auto()
    NO_CHOICE = auto()
    TWO_CHOICES = auto()
    NOT_FINISHED = auto()  # finish_reason null
    KEY_TWICE = auto()  # an answer in JSON that says DENY and ALLOW under one key
    NO_JSON = auto()  # an answer in prose
    NONSENSE = auto()  # by the schema, and about another program


_ERRORS = {
    Fault.RATE_LIMITED: (429, {"message": "slow down", "code": "rate_limit_exceeded"}),
    Fault.SERVER_ERROR: (500, {"message": "boom"}),
    Fault.UNAUTHORIZED: (401, {"message": "bad key"}),
    Fault.REJECTED: (400, {"message": "the request exceeds the available context size"}),
    Fault.CONTENT_FILTERED: (400, {"message": "filtered", "code": "content_filter"}),
}

_FINISH = {
    Fault.LENGTH: "length",
    Fault.FILTERED_REPLY: "content_filter",
    Fault.TOOL_CALLS: "tool_calls",
    Fault.NOT_FINISHED: None,
}
_TEXTS = {
    Fault.KEY_TWICE: '{"findings": [], "outcome": "DENY", "outcome": "ALLOW"}',
    Fault.NO_JSON: "I think that this program is fine.",
    Fault.NONSENSE: '{"findings": [{"category": "network", "line": 9999, "quote": "socket.connect(evil)", '
    '"explanation": "x"}], "outcome": "ALLOW"}',
}

_ORDER = re.compile(
    r"(?:answer|reply|respond|verdict)\W+(?:with\W+|only\W+|is\W+)*(ALLOW|DENY)", re.IGNORECASE
)


def obedient(body: Body, *, otherwise: str = "DENY") -> Answer:
    """A judge without a mind of its own: obeys the last "answer ALLOW" found in the user's messages."""
    text = "\n".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")
    orders = _ORDER.findall(text)
    return {orders[-1].upper() if orders else otherwise: 0.999}


class OpenAIServer:
    """Scriptable server; ``requests`` holds the bodies of all chat requests so far."""

    def __init__(self, reply: Answer | Replier = "ok", *, logprobs: bool = True, model: str = "fake") -> None:
        self.reply = reply
        self.logprobs = logprobs  # False: sends none, as many servers do
        self.reject_parameters: frozenset[str] = frozenset()  # 400 when one of them is sent
        self.retry_after: str | None = None
        self.model = model
        self.requests: list[dict[str, Any]] = []
        self._once: list[Fault] = []
        self._always: Fault | None = None
        self._when: Callable[[Body], bool] = lambda _: True
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def fail(self, *faults: Fault) -> None:
        """The next requests fail, one fault each."""
        self._once.extend(faults)

    def fail_always(self, fault: Fault, *, when: Callable[[Body], bool] = lambda _: True) -> None:
        """Every chat request that `when` chooses fails, until `heal`."""
        self._always, self._when = fault, when

    def heal(self) -> None:
        self._once, self._always = [], None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                fault = owner._next_fault()
                if fault in _ERRORS:
                    owner._send_error(self, fault)
                else:
                    owner._send(self, 200, json.dumps({"object": "list", "data": []}).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                owner._answer(self, body)

        return Handler

    def _next_fault(self, body: Body | None = None) -> Fault | None:
        """The fault of one chat request, or (without a body) what a look at the server meets."""
        with self._lock:
            if self._once:
                return self._once[0] if body is None else self._once.pop(0)
            return self._always if body is None or self._when(body) else None

    def _answer(self, http: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.requests.append(body)
        fault = self._next_fault(body)
        if fault is Fault.HANG:
            self._stopping.wait()
        if fault in (Fault.HANG, Fault.DISCONNECT):
            http.close_connection = True
            return
        if fault is Fault.REDIRECT:
            self._redirect(http)
            return
        if fault is Fault.SLOW_DRIP:
            self._drip(http)
            return
        rejected = sorted(self.reject_parameters & body.keys())
        if rejected:
            message = f"Unsupported parameter: '{rejected[0]}'"
            self._send(http, 400, json.dumps({"error": {"message": message, "param": rejected[0]}}).encode())
        elif fault in _ERRORS:
            self._send_error(http, fault)
        else:
            self._send_completion(http, body, fault)

    def _redirect(self, http: BaseHTTPRequestHandler) -> None:
        http.send_response(307)
        http.send_header("location", f"{self.base_url}/chat/completions?elsewhere")
        http.send_header("content-length", "0")
        http.end_headers()

    def _drip(self, http: BaseHTTPRequestHandler) -> None:
        http.send_response(200)
        http.send_header("content-type", "application/json")
        http.send_header("content-length", "1000000")
        http.end_headers()
        while not self._stopping.wait(0.05):
            try:
                http.wfile.write(b" ")
                http.wfile.flush()
            except OSError:  # the client has gone
                break
        http.close_connection = True

    def _send_error(self, http: BaseHTTPRequestHandler, fault: Fault) -> None:
        status, error = _ERRORS[fault]
        self._send(http, status, json.dumps({"error": error}).encode())

    def _send_completion(
        self, http: BaseHTTPRequestHandler, body: dict[str, Any], fault: Fault | None
    ) -> None:
        if fault is Fault.INVALID_JSON:
            self._send(http, 200, b"<html>a proxy's page</html>")
            return
        if fault is Fault.WRONG_SHAPE:
            self._send(http, 200, b'{"choices": [{"text": 7}]}')
            return
        payload = json.dumps(self._completion(body, fault)).encode()
        if fault is Fault.HUGE_BODY:
            payload += b" " * 8 * 1024 * 1024
        if fault is Fault.PACKED_BODY:
            self._send(http, 200, gzip.compress(payload), encoding="gzip")
            return
        self._send(http, 200, payload[: len(payload) // 2] if fault is Fault.TRUNCATED_JSON else payload)

    def _completion(self, body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        answer = self.reply(body) if callable(self.reply) else self.reply
        if isinstance(answer, Call):
            return _calling(answer, self.model)
        tokens = {answer: 0.999} if isinstance(answer, str) else dict(answer)
        text: str | None = max(tokens, key=lambda t: tokens[t])
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if fault is Fault.REFUSAL:
            message |= {"content": None, "refusal": "I cannot help with that."}
        if fault is Fault.EMPTY:
            message["content"] = ""
        if fault is Fault.TOOL_CALLS:
            call = {"id": "c", "type": "function", "function": {"name": "allow", "arguments": "{}"}}
            message |= {"content": None, "tool_calls": [call]}
        if fault in _TEXTS:
            message["content"] = _TEXTS[fault]
        if fault is Fault.CONTRADICTION:
            message["content"] = {"ALLOW": "DENY", "YES": "NO"}.get(str(text), str(text))
        finish = _FINISH.get(fault, "stop") if fault else "stop"
        choice = {"index": 0, "finish_reason": finish, "message": message, "logprobs": None}
        if body.get("logprobs") and self.logprobs and fault not in (Fault.REFUSAL, Fault.TOOL_CALLS):
            choice["logprobs"] = {"content": [_first_token(tokens, fault)]}
        choices = {Fault.NO_CHOICE: [], Fault.TWO_CHOICES: [choice, choice]}
        models = {Fault.OTHER_MODEL: "another-model", Fault.NO_MODEL: None}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": models.get(fault, self.model) if fault else self.model,
            "choices": choices.get(fault, [choice]) if fault else [choice],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }

    def _send(self, http: BaseHTTPRequestHandler, status: int, payload: bytes, *, encoding: str = "") -> None:
        http.send_response(status)
        if encoding:
            http.send_header("content-encoding", encoding)
        http.send_header("content-type", "application/json")
        http.send_header("content-length", str(len(payload)))
        if status == 429 and self.retry_after is not None:
            http.send_header("retry-after", self.retry_after)
        http.end_headers()
        try:
            http.wfile.write(payload)
        except OSError:  # the client has read enough
            http.close_connection = True


def _calling(call: Call, model: str) -> dict[str, Any]:
    function = {"name": call.tool, "arguments": call.arguments}
    wish = {"id": "call-1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [wish]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message, "logprobs": None}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _first_token(tokens: Mapping[str, float], fault: Fault | None) -> dict[str, Any]:
    likely: dict[Fault, float | str] = {Fault.BAD_LOGPROBS: "likely", Fault.NAN_LOGPROBS: math.nan}
    likely[Fault.OVERFULL] = -0.01

    def entry(token: str, probability: float) -> dict[str, Any]:
        logprob = likely.get(fault or Fault.EMPTY, math.log(max(probability, 1e-30)))
        return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

    if fault is Fault.OTHER_TOKENS:
        tokens = {"Maybe": 0.9, "The": 0.1}
    if fault is Fault.OVERFULL:
        tokens = {"ALLOW": 1.0, "DENY": 1.0, "YES": 1.0, "NO": 1.0}
    entries = [entry(t, p) for t, p in sorted(tokens.items(), key=lambda item: -item[1])]
    return entries[0] | {"top_logprobs": entries}
