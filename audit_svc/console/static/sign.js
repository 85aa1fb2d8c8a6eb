// Signs a statement with the person's own key: a DSSE envelope, as docs/approval-format.md §2 has it.
//
//   const envelope = await sign(bytes, await keyOf("ana"));     // the JSON text, on one line
//
// Knows envelopes. Must not know what the statement says: whoever calls has looked at it.

import { base64 } from "./note.js";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

export async function sign(payload, key) {
  const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, encoded(payload));
  const sig = base64(der(new Uint8Array(raw)));
  return JSON.stringify({
    payload: base64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: key.id, sig }],
  });
}

// DSSE's pre-authentication encoding: the bytes that are signed.
export function encoded(payload) {
  const head = new TextEncoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

// WebCrypto gives r and s side by side; the format wants them in DER (RFC 3279 §2.2.3).
export function der(raw) {
  const half = raw.length / 2;
  const numbers = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))];
  return Uint8Array.of(0x30, numbers.length, ...numbers);
}

function integer(bytes) {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? [0] : [...bytes.subarray(first)];
  const positive = digits[0] & 0x80 ? [0, ...digits] : digits;
  return [0x02, positive.length, ...positive];
}
