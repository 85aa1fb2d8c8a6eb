// A replay's page: shows how far it is, and signs its report with the person's key.
//
// Knows the page and the report (docs/replay-format.md). What is signed must say what the page shows.

import { keyOf } from "./keystore.js";
import { sign } from "./sign.js";

const STATEMENT = "https://in-toto.io/Statement/v1";
const REPLAY = "https://placet.dev/attestation/replay/v1";

const progress = document.querySelector("[data-progress]");
const report = document.querySelector("[data-report]");
if (progress) watch(progress);
if (report) {
  report.addEventListener("submit", submit);
  able(true); // before, a click would only load the page again
}

function watch(place) {
  const bar = place.querySelector("progress");
  const told = place.querySelector("[data-told]");
  const source = new EventSource(place.dataset.progress);
  source.addEventListener("progress", (event) => {
    const { done, total, flips, state } = JSON.parse(event.data);
    bar.max = Math.max(total, 1);
    bar.value = done;
    told.textContent = `${done} of ${total}; ${flips} flip`;
    if (state === "running") return;
    source.close();
    location.reload();
  });
}

async function submit(event) {
  event.preventDefault();
  const trouble = report.querySelector("[data-trouble]");
  trouble.hidden = true;
  able(false);
  try {
    location.assign(await recorded(await signed()));
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
    able(true);
  }
}

function able(yes) {
  report.querySelector("button").disabled = !yes;
}

async function signed() {
  const key = await keyOf(report.dataset.name);
  if (key === undefined) throw new Error("This browser has no key of yours. Load it on the page Keys, then sign.");
  const answer = await fetch(`${report.dataset.report}/statement`);
  if (!answer.ok) throw new Error("The console has no report of this replay any more. Replay it again.");
  const payload = new Uint8Array(await answer.arrayBuffer());
  const problem = differs(payload, JSON.parse(report.dataset.seen), report.dataset.name);
  if (problem) throw new Error(`Not signed: ${problem}. Reload the page.`);
  return sign(payload, key);
}

// Puts the signed report into the log; the address of its page.
async function recorded(envelope) {
  const answer = await fetch(`${report.dataset.report}/report`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": document.querySelector("meta[name=csrf]").content },
    body: envelope,
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said.address;
}

// How a statement differs from what the page shows; empty when it does not.
export function differs(payload, seen, name) {
  const statement = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  const { subject, predicate } = statement;
  if (statement._type !== STATEMENT || statement.predicateType !== REPLAY) return "it is no report of a replay";
  if (predicate.reportedBy !== `human:${name}`) return "it is in another name";
  const [before, after] = subject.map((each) => each.digest.sha256);
  const said = {
    before,
    after,
    size: predicate.log.size,
    fromIndex: predicate.range.fromIndex,
    toIndex: predicate.range.toIndex,
    verdicts: predicate.verdicts,
    flipped: predicate.flipped,
  };
  return Object.keys(said).every((each) => said[each] === seen[each]) ? "" : "it says something else than this page";
}
