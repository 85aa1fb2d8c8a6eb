// A log's signed checkpoint: C2SP signed-note and tlog-checkpoint with Ed25519.
//
// As strict as placet/audit/note.py and placet/audit/checkpoint.py. Knows lines and keys; must not know tiles.

import { Refused, hex, sha256 } from "./merkle.js";

const LOG_KEY = 1;
const DASH = "— ";
const NAME = /^[^\s+]+$/;
const MAX_SIGNATURES = 64;

export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

// One spelling per value.
export function unbase64(text) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new Refused("a value is not base64");
  }
  if (base64(bytes) !== text) throw new Refused("a value is not canonical base64");
  return bytes;
}

// A public key: `<name>+<key id>+<base64>`; a log's, unless another kind is asked for. Throws Refused.
export class Key {
  static async parse(vkey, kind = LOG_KEY) {
    const [name, id, ...rest] = vkey.trim().split("+");
    const bytes = unbase64(rest.join("+"));
    if (!NAME.test(name) || bytes.length !== 33 || bytes[0] !== kind) {
      throw new Refused("a key is no Ed25519 key of its kind");
    }
    const named = new TextEncoder().encode(`${name}\n`);
    const digest = await sha256(Uint8Array.of(...named, ...bytes));
    if (hex(digest.subarray(0, 4)) !== id) throw new Refused("a key and its id do not belong together");
    return new Key(name, id, bytes.subarray(1));
  }

  constructor(name, id, raw) {
    this.name = name;
    this.id = id;
    this.raw = raw;
  }

  async verifies(signature, text) {
    const key = await crypto.subtle.importKey("raw", this.raw, { name: "Ed25519" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "Ed25519" }, key, signature, new TextEncoder().encode(text));
  }
}

// The checkpoint in an untrusted note: {origin, size, root}. Throws Refused unless `key` signed it.
export async function openCheckpoint(note, key) {
  const { text, signatures } = parse(note);
  const own = signatures.filter((line) => line.name === key.name && line.id === key.id);
  for (const line of own) {
    if (!(await key.verifies(line.value, text))) throw new Refused("the checkpoint's signature is wrong");
  }
  if (own.length === 0) throw new Refused("the checkpoint is not signed by the log's key");
  const checkpoint = read(text);
  if (checkpoint.origin !== key.name) throw new Refused("the checkpoint is another log's");
  return checkpoint;
}

// A note's text and its signature lines, of which nothing is verified. Throws Refused.
export function parse(note) {
  const end = note.lastIndexOf("\n\n");
  const lines = note.slice(end + 2).split("\n").slice(0, -1);
  // eslint-disable-next-line no-control-regex
  if (end < 0 || !note.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(note)) throw new Refused("the checkpoint is no note");
  if (lines.length < 1 || lines.length > MAX_SIGNATURES) throw new Refused("the checkpoint is no signed note");
  return { text: note.slice(0, end + 1), signatures: lines.map(signature) };
}

function signature(line) {
  const [name, encoded, ...more] = line.slice(DASH.length).split(" ");
  if (!line.startsWith(DASH) || !NAME.test(name) || encoded === undefined || more.length > 0) {
    throw new Refused("a line of the checkpoint is no signature");
  }
  const bytes = unbase64(encoded);
  if (bytes.length < 5) throw new Refused("a signature is too short");
  return { name, id: hex(bytes.subarray(0, 4)), value: bytes.subarray(4) };
}

function read(text) {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "" || lines[0] === "" || !/^(0|[1-9][0-9]{0,18})$/.test(lines[1])) {
    throw new Refused("a checkpoint has three lines: origin, size, root");
  }
  const [size, root] = [Number(lines[1]), unbase64(lines[2])];
  if (!Number.isSafeInteger(size) || root.length !== 32) throw new Refused("the checkpoint's size or root is unfit");
  return { origin: lines[0], size, root };
}
