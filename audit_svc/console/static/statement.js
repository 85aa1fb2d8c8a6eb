// What a person signs about a program: their own decision, and the approval that the console asks them to sign.
//
// `seen` is all that the review page shows, by digest (audit_svc/console/shown.py). Nothing is signed that says
// anything else. Knows docs/approval-format.md §3 and §5. Must not know the page.

const STATEMENT = "https://in-toto.io/Statement/v1";
const DECISION = "https://placet.dev/attestation/review/v1";
const APPROVAL = "https://placet.dev/attestation/approval/v1";
const LONGEST_MS = 60 * 60 * 1000;
const LIMITS = {
  wall_s: "wallS",
  cpu_s: "cpuS",
  memory_mib: "memoryMib",
  output_kib: "outputKib",
  artifacts: "artifacts",
  artifact_mib: "artifactMib",
};

// The bytes of a decision. `item` is `{origin, index, request, name}`, `given` `{verdict, reason, time}`.
export function decision(seen, token, item, given) {
  const predicate = {
    verdict: given.verdict,
    decidedBy: `human:${item.name}`,
    decidedAt: given.time.toISOString().replace(/Z$/, "000Z"),
    reason: given.reason,
    scope: seen.scope,
    inputs: seen.inputs,
    quorum: seen.quorum,
    requestId: item.request,
    reviewed: { origin: item.origin, index: item.index, leafHash: seen.verdict },
    reviewToken: token,
  };
  const statement = { _type: STATEMENT, subject: subject(seen), predicateType: DECISION, predicate };
  return new TextEncoder().encode(JSON.stringify(statement));
}

// What is wrong with an approval that is to be signed; empty when it says what the page shows.
export function problems(payload, seen, item, now) {
  let statement;
  try {
    statement = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return ["it is no statement"];
  }
  const said = statement.predicate ?? {};
  const ends = Date.parse(said.expiresAt);
  const checks = {
    "it is no approval": statement._type === STATEMENT && statement.predicateType === APPROVAL,
    "it is about another program": same(statement.subject, subject(seen)),
    "it is about another scope": same(said.scope, seen.scope),
    "it is for other inputs": same(said.inputs, seen.inputs),
    "it grants something else": same(said.grants, seen.grants),
    "its limits are others": same(said.limits, limits(seen)),
    "it is for another executor": same(said.audience, seen.pool.audience) && said.minTier === seen.pool.min_tier,
    "it is about another request": said.requestId === item.request,
    "it is in another name": said.decidedBy === `human:${item.name}`,
    "it rests on another log": said.auditLog?.origin === item.origin,
    "it holds for too long": ends > now.getTime() && ends - now.getTime() <= LONGEST_MS,
  };
  return Object.keys(checks).filter((problem) => !checks[problem]);
}

function subject(seen) {
  return [{ name: "program.py", digest: { sha256: seen.program } }];
}

function limits(seen) {
  return Object.fromEntries(Object.entries(seen.limits).map(([name, most]) => [LIMITS[name] ?? name, most]));
}

// Whether two JSON values are the same; the order of an object's members says nothing.
function same(one, other) {
  return spelled(one) === spelled(other);
}

function spelled(value) {
  return JSON.stringify(value, (_, inner) => {
    const plain = inner !== null && typeof inner === "object" && !Array.isArray(inner);
    return plain ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner;
  });
}
