// The key with which a person signs, kept in this browser alone. Its private half cannot be read out again.
//
// Knows IndexedDB and ECDSA on P-256. Must not know what is signed.

import { hex, sha256 } from "./merkle.js";
import { base64, unbase64 } from "./note.js";

const KIND = { name: "ECDSA", namedCurve: "P-256" };
const STORE = "keys";
const PEM = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/;

// The person's key, `{name, id, spki, privateKey}`; undefined when this browser has none.
export async function keyOf(name) {
  return act("readonly", (keys) => keys.get(name));
}

export async function keep(key) {
  await act("readwrite", (keys) => keys.put(key));
}

export async function forget(name) {
  await act("readwrite", (keys) => keys.delete(name));
}

// A key from the PEM file that `placet keys new-reviewer` wrote. Throws Error with what to do.
export async function fromPem(name, text) {
  const found = PEM.exec(text);
  if (found === null) throw new Error("This is no private key in PEM (BEGIN PRIVATE KEY).");
  try {
    const pkcs8 = unbase64(found[1].replace(/\s/g, ""));
    const readable = await crypto.subtle.importKey("pkcs8", pkcs8, KIND, true, ["sign"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", readable);
    const publicKey = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, KIND, true, ["verify"]);
    const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, KIND, false, ["sign"]);
    return described(name, { privateKey, publicKey });
  } catch {
    throw new Error("This key cannot be used: it must be ECDSA on P-256, without a password.");
  }
}

// A new key that never was anywhere else.
export async function fresh(name) {
  return described(name, await crypto.subtle.generateKey(KIND, false, ["sign", "verify"]));
}

// The public half as the executor's key directory takes it.
export function publicPem(key) {
  const lines = base64(new Uint8Array(key.spki)).match(/.{1,64}/g);
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

// The id is SHA-256 of the public key's DER (docs/approval-format.md §1.2).
async function described(name, { privateKey, publicKey }) {
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  return { name, id: hex(await sha256(new Uint8Array(spki))), spki, privateKey };
}

async function act(mode, request) {
  const database = await opened();
  try {
    return await finished(request(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function opened() {
  const request = indexedDB.open("placet", 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "name" }));
  return finished(request);
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
