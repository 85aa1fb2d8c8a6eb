// The review page: a decision is signed here, over what this page shows, and then the approval.
//
// The console is believed in nothing: the page's texts are digested as they stand, the review token is computed
// over them, and an approval is signed only when it says what the page shows. Knows the review page's elements.

import { follow } from "./live.js";
import { hex, sha256 } from "./merkle.js";
import { unbase64 } from "./note.js";
import { keyOf } from "./keystore.js";
import { sign } from "./sign.js";
import { decision, problems } from "./statement.js";
import { textOf } from "./text.js";

const page = document.querySelector("[data-review]");
const item = {
  origin: page.dataset.origin,
  index: Number(page.dataset.review),
  request: page.dataset.request,
  name: page.dataset.name,
};
const seen = JSON.parse(page.dataset.seen);
const away = Date.parse(page.dataset.now) - Date.now(); // of this computer's clock from the console's

for (const form of document.querySelectorAll("form[data-signs]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form, event.submitter);
  });
}
ready();
follow(`/queue/${item.index}/live`, Number(page.dataset.size), { moved: tellMoved });

// Whether this browser can sign for this person, said before they have written a reason.
async function ready() {
  const key = await keyOf(item.name);
  const trusted = page.dataset.trusted.split(" ");
  const able = key !== undefined && trusted.includes(key.id);
  for (const note of document.querySelectorAll("[data-no-key]")) note.hidden = able;
  for (const button of document.querySelectorAll("form[data-signs] button")) button.disabled = !able;
}

async function act(form, button) {
  const buttons = form.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  say("note", "Signing…");
  try {
    await checkShown();
    const key = await keyOf(item.name);
    if (form.dataset.signs === "decision") await decide(key, button.value, form.elements.reason.value.trim());
    else await approve(key);
  } catch (error) {
    say("bad", error.message, error.changes);
    for (const each of buttons) each.disabled = false;
  }
}

async function decide(key, verdict, reason) {
  if (!reason) throw new Error("Give a reason: it is kept with the decision.");
  const token = hex(await sha256(new TextEncoder().encode(page.dataset.seen)));
  const time = new Date(Date.now() + away);
  const envelope = await sign(decision(seen, token, item, { verdict, reason, time }), key);
  const progress = await send("decision", { envelope, seen: page.dataset.seen });
  if (progress.verdict === "ALLOWED") await approve(key);
  else done(progress);
}

async function approve(key) {
  const { statement } = await send("statement", { key_id: key.id });
  const payload = unbase64(statement);
  const wrong = problems(payload, seen, item, new Date(Date.now() + away));
  if (wrong.length) throw refusal("The console asks you to sign something else than this page shows.", wrong);
  await send("approval", { envelope: await sign(payload, key) });
  done({ verdict: "ALLOWED" });
}

// Every text and list of the page is what `seen` says. Throws Error.
async function checkShown() {
  const digests = { program: seen.program, "task-text": seen.task, "scope-text": seen.scope.sha256 };
  for (const [id, expected] of Object.entries(digests)) {
    const element = document.getElementById(id);
    const text = element === null ? "" : textOf(element);
    if (hex(await sha256(new TextEncoder().encode(text))) !== expected) {
      throw new Error(`The ${id.replace("-text", "")} on this page is not the one to be decided about.`);
    }
  }
  for (const [name, lines] of Object.entries(lists())) {
    const shown = [...page.querySelectorAll(`[data-shown="${name}"]`)].map((each) => flat(textOf(each)));
    if (shown.sort().join("\n") !== lines.map(flat).sort().join("\n")) {
      throw new Error(`The ${name} on this page are not those to be decided about.`);
    }
  }
}

function lists() {
  return {
    inputs: seen.inputs.map(({ name, size, sha256: digest }) => `${name} ${size} bytes ${digest}`),
    grants: seen.grants,
    limits: Object.entries(seen.limits).map(([name, most]) => `${name} ${most}`),
  };
}

function flat(text) {
  return text.replace(/\s+/g, " ").trim();
}

async function send(what, fields) {
  const csrf = document.querySelector("meta[name=csrf]").content;
  const response = await fetch(`/queue/${item.index}/${what}`, {
    method: "POST",
    headers: { "x-csrf-token": csrf },
    body: new URLSearchParams(fields),
  });
  const answer = await response.json();
  if (!response.ok) throw refusal(answer.message, answer.changes);
  return answer;
}

function refusal(message, changes) {
  return Object.assign(new Error(message), { changes });
}

function done({ verdict, allowing, needed }) {
  const words = {
    ALLOWED: "Allowed and signed. Whoever waits for it goes on now.",
    DENIED: "Denied. Whoever waits for it is told so.",
  };
  say("good", words[verdict] ?? `Your decision is on record: ${allowing} of ${needed} have allowed it.`);
  page.dataset.done = verdict || "WAITING";
  document.querySelector("[data-next]").focus();
}

// What happened on this item since the page was loaded, other than by this page.
function tellMoved({ by, kind }) {
  if (by === item.name || page.dataset.done) return;
  const place = document.querySelector("[data-moved]");
  place.hidden = false;
  place.querySelector("output").textContent = `${by} ${kind}.`;
}

function say(kind, text, changes = []) {
  const place = document.querySelector("[data-status]");
  place.className = `notice ${kind}`;
  const list = document.createElement("ul");
  list.append(...changes.map((change) => Object.assign(document.createElement("li"), { textContent: change })));
  place.replaceChildren(text, ...(changes.length ? [list] : []));
  place.hidden = false;
}
