// The Merkle tree of RFC 6962 §2.1 over SHA-256: proofs out of tiles that a stranger serves, and their check.
//
// Says the same as placet/audit/merkle.py and placet/audit/tiles.py; a test holds the two against each other.
// Knows hashes only. Nothing that tiles say is believed: a proof is made of them and then verified.

export class Refused extends Error {}

const HASH_BYTES = 32;
const WIDTH = 256;

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function leafHash(leaf) {
  return sha256(joined(Uint8Array.of(0), leaf));
}

function nodeHash(left, right) {
  return sha256(joined(Uint8Array.of(1), left, right));
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The largest power of two below `size` (at least 2).
function split(size) {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

// Where the log serves a tile: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits.
export function tilePath(level, index, width) {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift("x" + String(rest % 1000).padStart(3, "0"));
  }
  return `tile/${level}/${groups.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
}

// A tree of `size` leaves whose tiles `read(path)` fetches as bytes. `size` is at most 2^53 - 1.
export class Tree {
  #read;
  #tiles = new Map();
  #nodes = new Map();

  constructor(size, read) {
    this.size = size;
    this.#read = read;
  }

  async inclusionProof(index) {
    return this.#path(index, 0, this.size);
  }

  // That this tree continues its own first `old` leaves.
  async consistencyProof(old) {
    return old > 0 ? this.#subproof(old, 0, this.size, true) : [];
  }

  async #path(index, low, high) {
    if (high - low === 1) return [];
    const middle = low + split(high - low);
    return index < middle
      ? [...(await this.#path(index, low, middle)), await this.#range(middle, high)]
      : [...(await this.#path(index, middle, high)), await this.#range(low, middle)];
  }

  async #subproof(old, low, high, whole) {
    if (old === high) return whole ? [] : [await this.#range(low, high)];
    const middle = low + split(high - low);
    return old <= middle
      ? [...(await this.#subproof(old, low, middle, whole)), await this.#range(middle, high)]
      : [...(await this.#subproof(old, middle, high, false)), await this.#range(low, middle)];
  }

  async #range(low, high) {
    const level = Math.log2(high - low);
    if (Number.isInteger(level) && 2 ** level === high - low) return this.#node(level, low / 2 ** level);
    const middle = low + split(high - low);
    return nodeHash(await this.#range(low, middle), await this.#range(middle, high));
  }

  #node(level, index) {
    return kept(this.#nodes, `${level}/${index}`, async () => {
      const height = level % 8;
      const first = index * 2 ** height;
      const hashes = await this.#tile(Math.floor(level / 8), Math.floor(first / WIDTH));
      return subtreeRoot(hashes, (first % WIDTH) * HASH_BYTES, 2 ** height);
    });
  }

  #tile(level, index) {
    return kept(this.#tiles, `${level}/${index}`, async () => {
      const count = Math.floor(this.size / 2 ** (8 * level));
      const width = Math.min(WIDTH, count - index * WIDTH);
      const hashes = await this.#read(tilePath(level, index, width));
      if (hashes.length !== width * HASH_BYTES) throw new Refused("a tile of the log has another size");
      return hashes;
    });
  }
}

function kept(known, key, make) {
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

async function subtreeRoot(hashes, start, count) {
  let row = [];
  for (let at = 0; at < count; at++) {
    row.push(hashes.subarray(start + at * HASH_BYTES, start + (at + 1) * HASH_BYTES));
  }
  while (row.length > 1) {
    const above = [];
    for (let at = 0; at < row.length; at += 2) above.push(nodeHash(row[at], row[at + 1]));
    row = await Promise.all(above);
  }
  return row[0];
}

// Throws Refused unless `digest` is leaf `index` of the tree of `size` leaves with that root (RFC 9162 §2.1.3.2).
export async function verifyInclusion(digest, index, size, proof, root) {
  if (!(index >= 0 && index < size)) throw new Refused("the record lies beyond the checkpoint");
  let node = index;
  let last = size - 1;
  for (const sibling of proof) {
    if (last === 0) throw new Refused("the inclusion proof has too many hashes");
    if (node % 2 === 1 || node === last) {
      digest = await nodeHash(sibling, digest);
      while (node > 0 && node % 2 === 0) [node, last] = above(node, last);
    } else {
      digest = await nodeHash(digest, sibling);
    }
    [node, last] = above(node, last);
  }
  if (last !== 0) throw new Refused("the inclusion proof has too few hashes");
  if (!same(digest, root)) throw new Refused("the record is not under the log's checkpoint");
}

// Throws Refused unless the tree of `size` leaves only appends to that of `old` (RFC 9162 §2.1.4.2).
export async function verifyConsistency(old, size, oldRoot, root, proof) {
  if (!(old > 0 && old <= size)) throw new Refused(`no tree of ${size} continues one of ${old}`);
  if (old === size) {
    if (proof.length > 0 || !same(oldRoot, root)) throw new Refused("the log shows two trees of one size");
    return;
  }
  let node = old - 1;
  let last = size - 1;
  while (node % 2 === 1) [node, last] = above(node, last);
  const path = [...proof];
  if (Number.isInteger(Math.log2(old)) && 2 ** Math.log2(old) === old) path.unshift(oldRoot);
  if (path.length === 0) throw new Refused("the consistency proof has too few hashes");
  let seen = path[0];
  let grown = path[0];
  for (const sibling of path.slice(1)) {
    if (last === 0) throw new Refused("the consistency proof has too many hashes");
    if (node % 2 === 1 || node === last) {
      [seen, grown] = await Promise.all([nodeHash(sibling, seen), nodeHash(sibling, grown)]);
      while (node > 0 && node % 2 === 0) [node, last] = above(node, last);
    } else {
      grown = await nodeHash(grown, sibling);
    }
    [node, last] = above(node, last);
  }
  if (last !== 0) throw new Refused("the consistency proof has too few hashes");
  if (!same(seen, oldRoot) || !same(grown, root)) throw new Refused("the log's history was rewritten");
}

function above(node, last) {
  return [Math.floor(node / 2), Math.floor(last / 2)];
}
