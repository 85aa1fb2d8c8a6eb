"""The embedded model server: llama.cpp on loopback, OpenAI-compatible.

Knows xllamacpp and how to live no longer than the process that started it. Must not know what the
model is used for. Run as::

    python -m placet.llm.embedded --model PATH --addr-file FILE --api-key-file FILE

It writes its base URL (``http://127.0.0.1:PORT/v1``) to FILE once it can answer. Every request must
carry the key, so that other users of the machine cannot use the model or read what passes by.
"""

import argparse
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL_NAME = "qwen2.5-coder-1.5b-instruct"
SLOTS = 2
CONTEXT_TOKENS_PER_SLOT = 8192
PROMPT_CACHE_MIB = 512
PARENT_POLL_S = 0.25
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class EmbeddedSettings:
    """What one embedded server is started with. ``api_key`` is a secret."""

    model: Path
    api_key: str
    slots: int = SLOTS
    context_tokens_per_slot: int = CONTEXT_TOKENS_PER_SLOT
    threads: int = 0  # 0: one for each core that we may use


def start_server(settings: EmbeddedSettings) -> tuple[object, str]:
    """Load the model and listen on a free loopback port: the server (keep it alive) and its base URL.

    Raises ImportError without the extra ``local``, RuntimeError when the file is not a model.
    """
    import xllamacpp

    server = xllamacpp.Server(_parameters(xllamacpp, settings))
    return server, f"{server.listening_address}/v1"


def _parameters(xllamacpp: Any, settings: EmbeddedSettings) -> Any:
    threads = settings.threads or len(os.sched_getaffinity(0))
    p = xllamacpp.CommonParams()
    p.model.path = str(settings.model)
    p.model_alias = {MODEL_NAME}
    p.hostnames = ["127.0.0.1"]
    p.port = 0
    p.api_keys = [settings.api_key]
    p.cors_origins = ""
    p.ui = p.endpoint_slots = False
    p.offline = True
    p.n_parallel = settings.slots
    p.n_ctx = settings.slots * settings.context_tokens_per_slot
    # A prompt that does not fit must be refused, never shortened behind our back.
    p.ctx_shift = False
    p.cache_prompt, p.cache_ram_mib = True, PROMPT_CACHE_MIB
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
    p.verbosity = -1
    return p


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the parent's end. 0, or 2 with a sentence on stderr."""
    args = _parser().parse_args(arguments)
    parent = os.getppid()
    _die_with_parent()
    try:
        key = _read_key(args.api_key_file)
        # Kept in a variable: the server lives as long as the object.
        _server, url = start_server(EmbeddedSettings(args.model, key, args.slots, args.context, args.threads))
    except (OSError, ValueError, RuntimeError, ImportError) as err:
        print(f"embedded model: cannot serve {args.model}: {err}", file=sys.stderr)
        return 2
    _write_atomically(args.addr_file, url)
    _wait_for_end(parent)
    args.addr_file.unlink(missing_ok=True)
    # llama.cpp's threads need not be joined; waiting for a long answer would hold up the shutdown.
    sys.stderr.flush()
    os._exit(0)


def _read_key(path: Path) -> str:
    key = path.read_text().strip()
    if not key:
        raise ValueError(f"{path} is empty; write a key into it")
    return key


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m placet.llm.embedded", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--addr-file", type=Path, required=True, help="gets the base URL when ready")
    parser.add_argument("--api-key-file", type=Path, required=True, help="holds the key that requests need")
    parser.add_argument("--slots", type=int, default=SLOTS, help="requests answered at once")
    parser.add_argument("--context", type=int, default=CONTEXT_TOKENS_PER_SLOT, help="tokens per slot")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    return parser


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends (Linux); the poll below covers the rest."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _wait_for_end(parent: int) -> None:
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: ended.append(received))
    # llama.cpp's threads may take the signal, so the sleep is not always cut short: keep it short.
    while not ended and os.getppid() == parent:
        time.sleep(PARENT_POLL_S)


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    temporary.write_text(text)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
