// Proof badges: this browser checks itself that what a page shows is in the log, and that the log is still the
// one it saw before. Nothing that the console claims is believed but what the log's key signed.
//
//   <span class="proof" data-proof="record" data-index="7" data-leaf="BASE64">      the record's bytes
//   <span class="proof" data-proof="text" data-index="7" data-field="task_sha256" data-text="ID">
//                                             the text of element ID has the digest that record 7 gives it
//   <tr data-record="7"> … <td data-field="kind">                 shown fields of record 7, compared with it
//   <p data-proof-summary>                                        what all of it rests on
//
// The key is believed when it is seen first, kept in this browser, and shown: compare it once with the file
// audit.vkey of whoever runs the log. States: checking, verified, broken, unchecked (could not be checked).

import { Refused, Tree, hex, leafHash, sha256, verifyConsistency, verifyInclusion } from "./merkle.js";
import { Key, base64, openCheckpoint, unbase64 } from "./note.js";
import { textOf } from "./text.js";
import { Policy } from "./witness.js";

const MEMORY = "placet.log";
const WITNESSES = "placet.witnesses";

// What the log says of itself now, checked against what this browser remembers. Throws Refused.
export async function trusted(fetched, memory) {
  const [vkey, note] = [decoded(await fetched("key")).trim(), decoded(await fetched("checkpoint"))];
  const known = JSON.parse(memory.getItem(MEMORY) ?? "null");
  if (known !== null && known.vkey !== vkey) {
    throw new Refused(`the log's key is another one than this browser knows (${known.vkey})`);
  }
  const key = await Key.parse(vkey);
  const checkpoint = await openCheckpoint(note, key);
  await checkContinues(checkpoint, known, fetched);
  if (known === null || checkpoint.size > known.size) {
    const { size, root } = checkpoint;
    const since = known?.since ?? new Date().toISOString();
    memory.setItem(MEMORY, JSON.stringify({ vkey, size, root: base64(root), since }));
  }
  return { key, checkpoint, first: known === null, since: known?.since, tree: new Tree(checkpoint.size, fetched) };
}

// The smaller of the two trees begins the larger one. The smaller may be the new one: another tab was faster.
async function checkContinues(checkpoint, known, fetched) {
  if (known === null || known.size === 0) return;
  const seen = { size: known.size, root: unbase64(known.root) };
  const [old, grown] = seen.size <= checkpoint.size ? [seen, checkpoint] : [checkpoint, seen];
  if (old.size === 0) throw new Refused("the log was emptied");
  const proof = await new Tree(grown.size, fetched).consistencyProof(old.size);
  await verifyConsistency(old.size, grown.size, old.root, grown.root, proof);
}

// The newest checkpoint that the console's policy of witnesses has cosigned, which the log must continue:
// {size, names, time}; null where the console names no policy, size 0 where nothing is cosigned yet. The policy is
// believed when it is seen first, like the key. Throws Refused.
export async function witnessed(fetched, memory, { key, checkpoint }) {
  const text = decoded(await fetched("policy"));
  const known = memory.getItem(WITNESSES);
  if (known !== null && known !== text) throw new Refused("the witness policy is another one than this browser knows");
  if (text === "") return null;
  const policy = await Policy.parse(text);
  memory.setItem(WITNESSES, text);
  const note = decoded(await fetched("witnessed"));
  if (note === "") return { size: 0, names: [], time: 0 };
  const seen = await openCheckpoint(note, key);
  const cosigners = await policy.cosigners(note);
  if (!policy.isMet(cosigners)) throw new Refused("the quorum of witnesses has not cosigned the checkpoint");
  await checkContinues(checkpoint, { size: seen.size, root: base64(seen.root) }, fetched);
  return { size: seen.size, names: [...cosigners.keys()], time: Math.max(0, ...cosigners.values()) };
}

// The record whose bytes these are, once the log's tree holds them at `index`. Throws Refused.
export async function proven(log, index, leaf) {
  const proof = await log.tree.inclusionProof(index);
  const { size, root } = log.checkpoint;
  await verifyInclusion(await leafHash(leaf), index, size, proof, root);
  return JSON.parse(decoded(leaf));
}

function decoded(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

// A file below /log/. A tile that is missing is a break; a server that does not answer is none.
async function fetchedFromConsole(path) {
  const answer = await fetch(`/log/${path}`, { cache: path.startsWith("tile") ? "default" : "no-store" });
  if (answer.status === 404) throw new Refused(`the log has no ${path}`);
  if (!answer.ok) throw new Error(`the console did not answer (${answer.status})`);
  return new Uint8Array(await answer.arrayBuffer());
}

function show(badge, state, words) {
  badge.dataset.state = state;
  badge.textContent = { verified: "verified", broken: "broken", unchecked: "not checked", checking: "checking" }[state];
  badge.title = words;
  if (state === "broken") badge.textContent += `: ${words}`;
}

// `work` gives the words of a success. What it throws says whether something is wrong or only unknown.
async function settle(badge, work) {
  try {
    show(badge, "verified", await work());
    return true;
  } catch (error) {
    show(badge, error instanceof Refused ? "broken" : "unchecked", error.message);
    return false;
  }
}

async function checkRecord(log, badge) {
  const index = Number(badge.dataset.index);
  const record = await proven(log, index, unbase64(badge.dataset.leaf));
  for (const field of document.querySelectorAll(`[data-record="${index}"] [data-field]`)) {
    if (textOf(field) !== record[field.dataset.field]) {
      throw new Refused(`the ${field.dataset.field} shown is not the record's`);
    }
  }
  return record;
}

async function checkText(records, badge) {
  const { index, field, text } = badge.dataset;
  const record = await records.get(index);
  if (record === undefined) throw new Refused(`record ${index} is not proven`);
  const digest = hex(await sha256(new TextEncoder().encode(textOf(document.getElementById(text)))));
  if (digest !== record.body[field]) throw new Refused("the text shown is not the one on record");
  return `SHA-256 ${digest}, as record ${index} says`;
}

async function checkPage() {
  const badges = (kind) => [...document.querySelectorAll(`[data-proof="${kind}"]`)];
  const all = [...badges("record"), ...badges("text")];
  const summary = document.querySelector("[data-proof-summary]");
  for (const badge of all) show(badge, "checking", "");
  let log;
  try {
    if (!globalThis.crypto?.subtle) throw new Error("without HTTPS this browser cannot check anything");
    log = await trusted(fetchedFromConsole, localStorage);
    log.witnessed = await witnessed(fetchedFromConsole, localStorage, log);
  } catch (error) {
    for (const badge of all) await settle(badge, () => Promise.reject(error));
    tell(summary, error instanceof Refused ? "broken" : "unchecked", `Not proven: ${error.message}.`);
    return;
  }
  const records = new Map();
  for (const badge of badges("record")) {
    await settle(badge, async () => {
      records.set(badge.dataset.index, await checkRecord(log, badge));
      return `in the tree of ${log.checkpoint.size} records${byWitnesses(log, badge)}`;
    });
  }
  for (const badge of badges("text")) await settle(badge, () => checkText(records, badge));
  const broken = all.filter((badge) => badge.dataset.state !== "verified").length;
  tell(summary, broken ? "broken" : "verified", words(log, all.length - broken, all.length));
}

function byWitnesses({ witnessed: found }, badge) {
  if (found === null) return "";
  return Number(badge.dataset.index) < found.size ? `, cosigned by ${found.names.join(", ")}` : ", not cosigned yet";
}

function wordsOfWitnesses(found) {
  if (found === null) return "";
  if (found.size === 0) return " No checkpoint has the cosignatures of its witnesses yet.";
  const when = new Date(found.time * 1000).toISOString();
  return ` Its first ${found.size} records are those that ${found.names.join(", ")} cosigned, last at ${when}.`;
}

function words({ key, checkpoint, first, since, witnessed: found }, good, all) {
  const seen = first ? "seen for the first time: compare it with your copy of audit.vkey" : `known here since ${since}`;
  return (
    `This browser proved ${good} of ${all} under the log's checkpoint of ${checkpoint.size} records, ` +
    `root ${hex(checkpoint.root).slice(0, 16)}…, signed by ${key.name}+${key.id}+${base64(Uint8Array.of(1, ...key.raw))} (${seen}).${wordsOfWitnesses(found)}`
  );
}

function tell(summary, state, text) {
  if (summary === null) return;
  summary.dataset.state = state;
  summary.textContent = text;
}

if (globalThis.document?.querySelector("[data-proof]")) await checkPage();
