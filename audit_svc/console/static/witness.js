// Whose cosignatures a checkpoint needs, and whether it has them: C2SP tlog-policy and tlog-cosignature.
//
// As strict as placet/audit/trust.py and placet/audit/cosignature.py. Knows lines and keys; must not know tiles.

import { Refused } from "./merkle.js";
import { Key, parse } from "./note.js";

const WITNESS_KEY = 4;
const TIME_BYTES = 8;
const MAX_TIME = 2n ** 63n - 1n;
const NONE = "none";
const CONTROL = /[^\t\n\x20-\x7e\u0080-\u{10ffff}]/u;
const COUNT = /^[1-9][0-9]{0,5}$/;

export class Policy {
  // Throws Refused.
  static async parse(text) {
    if (CONTROL.test(text)) throw new Refused("the witness policy has control characters");
    const policy = new Policy();
    for (const line of text.split("\n")) {
      const words = line.split(/[ \t]+/).filter((word) => word !== "");
      if (words.length > 0 && !words[0].startsWith("#")) await policy.#take(...words);
    }
    if (policy.quorum === null) throw new Refused("the witness policy names no quorum");
    return policy;
  }

  witnesses = new Map();
  groups = new Map();
  quorum = null;
  #keys = new Set();
  #members = new Set();

  // Who of the witnesses cosigned an untrusted note, and when (seconds). Throws Refused for a line that is wrong.
  async cosigners(note) {
    const { text, signatures } = parse(note);
    const found = new Map();
    for (const [name, key] of this.witnesses) {
      for (const line of signatures.filter((each) => each.name === key.name && each.id === key.id)) {
        found.set(name, Math.max(found.get(name) ?? 0, await cosigned(key, text, line.value)));
      }
    }
    return found;
  }

  isMet(cosigners) {
    return this.quorum === NONE || this.#hasWitnessed(this.quorum, cosigners);
  }

  #hasWitnessed(name, cosigners) {
    const group = this.groups.get(name);
    if (group === undefined) return cosigners.has(name);
    return group.members.filter((member) => this.#hasWitnessed(member, cosigners)).length >= group.threshold;
  }

  async #take(keyword, ...words) {
    const several = words.length;
    if (keyword === "log" && (several === 1 || several === 2)) await this.#newKey(await Key.parse(words[0]));
    else if (keyword === "witness" && (several === 2 || several === 3)) await this.#witness(words[0], words[1]);
    else if (keyword === "group" && several >= 3) this.#group(words[0], words[1], words.slice(2));
    else if (keyword === "quorum" && several === 1) this.#setQuorum(words[0]);
    else throw new Refused(`the witness policy has a line that is none: ${keyword}`);
  }

  async #witness(name, vkey) {
    this.#newName(name);
    const key = await Key.parse(vkey, WITNESS_KEY);
    this.#newKey(key);
    this.witnesses.set(name, key);
  }

  #group(name, threshold, members) {
    this.#newName(name);
    for (const member of members) {
      this.#defined(member);
      if (this.#members.has(member)) throw new Refused(`${member} is a member already`);
      this.#members.add(member);
    }
    this.groups.set(name, { threshold: thresholdOf(threshold, members.length), members });
  }

  #setQuorum(name) {
    if (this.quorum !== null) throw new Refused("the witness policy has a second quorum");
    if (name !== NONE) this.#defined(name);
    this.quorum = name;
  }

  #defined(name) {
    if (!this.witnesses.has(name) && !this.groups.has(name)) throw new Refused(`${name} is not defined above`);
  }

  #newName(name) {
    if (name === NONE || this.witnesses.has(name) || this.groups.has(name)) throw new Refused(`${name} is taken`);
  }

  // One key is one voice.
  #newKey(key) {
    const raw = key.raw.join();
    if (this.#keys.has(raw)) throw new Refused("a key of the witness policy is in another line already");
    this.#keys.add(raw);
  }
}

function thresholdOf(text, members) {
  if (text === "any" || text === "all") return text === "any" ? 1 : members;
  if (!COUNT.test(text) || Number(text) > members) throw new Refused("a threshold is any, all, or a number of members");
  return Number(text);
}

// Seconds since the epoch at which the key cosigned the text. Throws Refused.
async function cosigned(key, text, value) {
  if (value.length < TIME_BYTES) throw new Refused("a cosignature is a time and a signature");
  const time = new DataView(value.buffer, value.byteOffset).getBigUint64(0);
  if (time === 0n || time > MAX_TIME) throw new Refused("a cosignature's time is out of range");
  const statement = `cosignature/v1\ntime ${time}\n${text}`;
  if (!(await key.verifies(value.subarray(TIME_BYTES), statement))) throw new Refused("a cosignature is wrong");
  return Number(time);
}
