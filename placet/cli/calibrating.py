"""The end of `placet eval --calibrate`: risks become a profile, a picture, and what to do with them."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from placet.answers import Opinion
from placet.cli.assessing import Answer
from placet.cli.calibration import Calibration, Sample, calibrate
from placet.cli.cases import refused
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation
from placet.cli.measure import BENIGN, UNSAFE
from placet.cli.outdir import write_whole
from placet.local.errors import StackError
from placet.local.services import sandbox_python

DRAWING: Final = Path(__file__).with_name("drawing.py")
DRAWING_S: Final = 60.0


def conclude(here: Invocation, answers: Sequence[Answer], out: Path | None, date: datetime.date) -> int:
    """Calibrate, show, and write into `out` when there is one.

    Raises:
        ServiceError: CALIBRATION_TOO_SMALL, CALIBRATION_WITHOUT_RISKS, OUT_UNWRITABLE.
    """
    asked = [(answer, answer.review.opinion) for answer in answers if answer.review and answer.review.opinion]
    usable = [(answer, opinion) for answer, opinion in asked if opinion.complete]
    if not usable:
        raise refused(
            "CALIBRATION_WITHOUT_RISKS",
            "the reviewer gave no usable answer on any program; `placet review` on one of them says why",
        )
    samples = [_sample(answer, opinion) for answer, opinion in usable if _is_labelled(answer)]
    found = _calibrated(samples, usable[0][1])
    lost = len(answers) - len(samples)
    if here.as_json:
        here.emit({"calibration": asdict(found), "lost": lost, "tokens": _tokens(usable)})
    else:
        _show(here, found, lost, _tokens(usable))
    here.err.print(Text(_what_next(out)))
    if not here.as_json:
        here.out.print(Text(found.profile(date.isoformat())), end="")
    if out:
        _write(here, out, found, samples, date)
    return Exit.DONE


def _calibrated(samples: Sequence[Sample], opinion: Opinion) -> Calibration:
    try:
        return calibrate(samples, model=opinion.model, population=opinion.population)
    except ValueError as error:
        raise refused("CALIBRATION_TOO_SMALL", f"{error}; add programs to the file") from error


def _is_labelled(answer: Answer) -> bool:
    return answer.case.label in UNSAFE | BENIGN


def _sample(answer: Answer, opinion: Opinion) -> Sample:
    return Sample(answer.case.id, answer.case.label in UNSAFE, opinion.risk)


def _tokens(usable: Sequence[tuple[Answer, Opinion]]) -> dict[str, float]:
    """Means of a review: what the model's server evaluated anew, found in its cache, and wrote."""
    count = len(usable)
    prompt = sum(opinion.prompt_tokens for _, opinion in usable)
    cached = sum(opinion.cached_tokens for _, opinion in usable)
    written = sum(opinion.completion_tokens for _, opinion in usable)
    return {
        "evaluated": round((prompt - cached) / count, 1),
        "cached": round(cached / count, 1),
        "written": round(written / count, 1),
    }


def _show(here: Invocation, found: Calibration, lost: int, tokens: dict[str, float]) -> None:
    low, high = found.auc95
    head = f"{found.model}, {found.population} scopes: {found.unsafe} unsafe, {found.benign} benign programs"
    here.out.print(Text(visible(head)))
    here.out.print(
        f"AUC {found.auc:.3f} (95 % interval {low:.3f} to {high:.3f}); {lost} programs without use"
    )
    here.out.print(
        f"tokens a review: {tokens['evaluated']} read, {tokens['cached']} cached, {tokens['written']} written"
    )
    here.out.print("on the half of the programs that did not choose the thresholds:")
    for name, share in found.held_out.items():
        here.out.print(f"  {name.replace('_', ' '):16} {_counted(share)}")
    if not found.decides:
        here.out.print("This model does not tell such programs apart: its profile says `decides: false`.")


def _counted(share: dict[str, Any]) -> str:
    low, high = share["wilson95"]
    return f"{share['hits']} of {share['n']} ({low:.1%} to {high:.1%})"


def _what_next(out: Path | None) -> str:
    where = f"{out / 'profile.yaml'} holds it" if out else "--out DIR keeps it with a picture"
    return (
        f"The entry below goes under `profiles:` in the guard's profiles file ({where}); restart the guard, "
        "and look at `placet eval --recorded` before you rely on it."
    )


def _write(
    here: Invocation, out: Path, found: Calibration, samples: Sequence[Sample], date: datetime.date
) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused("OUT_UNWRITABLE", f"{out} cannot be made: {error.strerror}; name another") from error
    write_whole(out / "profile.yaml", f"profiles:\n{found.profile(date.isoformat())}".encode())
    lines = [json.dumps(asdict(sample)) + "\n" for sample in samples]
    write_whole(out / "risks.jsonl", "".join(lines).encode())
    problem = _draw(out / "profile.png", found, samples)
    here.err.print(Text(problem or f"{out}: profile.yaml, profile.png, risks.jsonl"))


def _draw(path: Path, found: Calibration, samples: Sequence[Sample]) -> str:
    """Have the picture drawn where matplotlib is: in the environment of programs. Says what went wrong."""
    order = {
        "title": f"{found.model}, {found.population} scopes (AUC {found.auc:.3f})",
        "unsafe": [sample.risk for sample in samples if sample.unsafe],
        "benign": [sample.risk for sample in samples if not sample.unsafe],
        "allow_below": found.allow_below,
        "deny_above": found.deny_above,
        "path": str(path.absolute()),
    }
    try:
        command = [str(sandbox_python()), "-I", str(DRAWING)]
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, timeout=DRAWING_S, check=False
        )
    except (StackError, OSError, subprocess.TimeoutExpired) as error:
        return f"no picture was drawn, the rest is complete: {error}"
    if done.returncode == 0:
        return ""
    last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return f"no picture was drawn, the rest is complete: {visible(last[0])}"
