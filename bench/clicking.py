"""From the click to the run: `python -m bench.clicking [--quick] [--json]`.

A caller waits for people (`placet.run`), a person opens the item in a real browser, writes a reason and
clicks "Approve and sign"; their browser checks, signs twice and sends, and the caller's run starts. Real
services over mutual TLS, a real sandbox, Chromium. Measured from the browser's own click event to the moment
at which the caller is told that the run has started. A bound that is missed is told, and is no failure.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

from bench.report import Metric, bounded, parser, percentile, plain, publish, say
from placet.answers import Event, Outcome, Result, RunStarted
from placet.client import Placet
from placet.local.errors import StackError
from tests.browser.conftest import CHROMIUM
from tests.browser.kit.people import with_key
from tests.browser.kit.visitor import Visitors
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

ROUNDS: Final = {"full": 40, "quick": 5}
BOUND_MS: Final = 2000
WAIT_S: Final = 60
SCOPE: Final = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: by-hand, version: 1, owner: security}
purpose: Programs that the rules cannot prove harmless and people decide about.
allow: {read: [inputs]}
review: {reviewer: "off", static_proof: true, min_tier: T0}
"""
PROGRAM: Final = "# {number}\nprint(len(open('names.txt').read().split()))\n"
NAMES: Final = "ana ben cleo\n"
TELL_CLICK: Final = """
document.addEventListener("click", (event) => {
  if (event.target.closest?.("button[name=verdict]")) tellClick(performance.timeOrigin + performance.now());
}, true);
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all."""
    options = parser("clicking", "From a reviewer's click to the run of the caller that waits.").parse_args(
        arguments
    )
    try:
        with World.make() as world:
            metrics = measure(world, ROUNDS["quick" if options.quick else "full"])
    except (StackError, AssertionError, RuntimeError, OSError) as error:
        say(f"bench.clicking: {type(error).__name__}: {error}")
        return 2
    publish(metrics, as_json=options.json)
    return 0


def measure(world: World, rounds: int) -> dict[str, Metric]:
    """The figures, after one round that warms everything up."""
    (world.layout.scopes / "by-hand.yaml").write_text(SCOPE)
    for name in ("guard", "executor"):
        world.start(name)
    names = world.layout.state / "names.txt"
    names.write_text(NAMES)
    with sync_playwright() as playwright:
        chromium = next(filter(Path.exists, CHROMIUM))
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        page = with_key(Visitors(browser, world).open(Watch(), "ana"), world, "ana")
        clicks: list[float] = []
        page.context.expose_binding("tellClick", lambda _, at: clicks.append(at))
        page.context.add_init_script(TELL_CLICK)
        found = [one_round(world, page, clicks, number, names) for number in range(rounds + 1)][1:]
        browser.close()
    return _figures(found)


def one_round(world: World, page: Page, clicks: list[float], number: int, names: Path) -> float:
    """Milliseconds from a click to the run's start. Raises AssertionError or RuntimeError."""
    began: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, RunStarted):
            began.append(time.time() * 1000)

    going = call(world, PROGRAM.format(number=number), names, hear)
    page.goto("/queue")
    page.locator("[data-queue] tr", has_text="by-hand").get_by_role("link").click()
    page.get_by_label("Reason").fill("It counts words.")
    page.get_by_role("button", name="Approve and sign").click()
    expect(page.get_by_text("Allowed and signed.")).to_be_visible()
    result = going.result(WAIT_S)
    if result.outcome is not Outcome.DONE or len(began) != 1:
        raise RuntimeError(f"the approved program ended as {result.outcome}: {result.stderr_bytes[-300:]!r}")
    return began[0] - clicks[-1]


def call(world: World, program: str, names: Path, hear: Callable[[Event], None]) -> Future[Result]:
    """A caller that has its program reviewed, waits, and runs it."""

    async def run() -> Result:
        async with Placet.connect(world.layout.state) as placet:
            return await placet.run(
                program, scope="by-hand", inputs=[names], review_wait_s=WAIT_S, on_event=hear
            )

    return asyncio.run_coroutine_threadsafe(run(), world.loop)


def _figures(found: Sequence[float]) -> dict[str, Metric]:
    made = {f"click_to_run_p{at}": plain(percentile(found, at), "ms", len(found)) for at in (50, 95)}
    made["click_to_run_p95"] = bounded(made["click_to_run_p95"], f"value <= {BOUND_MS}")
    return made | {"click_to_run_max": plain(max(found), "ms", len(found))}


if __name__ == "__main__":
    sys.exit(main())
