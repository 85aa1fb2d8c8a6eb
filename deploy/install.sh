#!/usr/bin/env bash
# Install Placet, or bring it to what an overlay says: the keys that are not there yet, `kubectl apply -k`, and a wait until
# every pod is ready. Safe to repeat; it never changes or deletes a key. docs/kubernetes.md has the rest.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
usage: deploy/install.sh OVERLAY [--timeout 15m]

  OVERLAY     trial, runc, production, agent-sandbox, or the directory of an overlay of your own
  --timeout   how long each service may take to become ready (default 15m)

Uses kubectl with the current context, and openssl for keys.
TEXT
}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

overlay="" timeout=15m
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) usage; exit ;;
    --timeout) timeout="${2:?--timeout needs a value}"; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) overlay="$1"; shift ;;
  esac
done
[ -n "$overlay" ] || { usage >&2; exit 2; }
[ -d "overlays/$overlay" ] && overlay="overlays/$overlay"
[ -d "$overlay" ] || fail "there is no overlay $overlay"
for program in kubectl openssl base64; do command -v "$program" >/dev/null || fail "needs $program"; done

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
umask 077

kubectl kustomize "$overlay" > "$scratch/rendered.yaml"
if grep -q "sha256:0000000000000000" "$scratch/rendered.yaml"; then
  fail "put your images and their digests into $overlay/kustomization.yaml (deploy/images/build.sh --push prints them)"; fi

there() { [ -n "$(kubectl -n "$1" get "$2" --ignore-not-found -o name)" ]; } # an error of kubectl's ends the script

make_key() { # make_key SECRET FILE OPENSSL-ARGUMENTS...: a private key that nobody but the cluster has afterwards
  local secret="$1" file="$2"; shift 2
  there placet "secret/$secret" && return
  say "making the key $secret"
  openssl genpkey "$@" -out "$scratch/$file" 2>/dev/null
  kubectl -n placet create secret generic "$secret" --from-file="$scratch/$file" >/dev/null
}

say "namespaces"
kubectl apply -f base/namespaces.yaml >/dev/null
make_key placet-approval-key approval.key -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make_key placet-log-key log.key -algorithm ed25519
for namespace in placet placet-sandbox; do
  there "$namespace" configmap/placet-keys && continue
  say "trusting the approval key in $namespace"
  kubectl -n placet get secret placet-approval-key -o 'jsonpath={.data.approval\.key}' | base64 -d \
    | openssl pkey -pubout -out "$scratch/approval.pub.pem"
  : > "$scratch/revoked.txt"
  kubectl -n "$namespace" create configmap placet-keys --from-file="$scratch/approval.pub.pem" --from-file="$scratch/revoked.txt" >/dev/null
done

say "applying $overlay"
kubectl apply -f "$scratch/rendered.yaml"
say "waiting until every service is ready"
for namespace in placet placet-sandbox; do
  for workload in $(kubectl -n "$namespace" get deployment,statefulset -o name); do
    kubectl -n "$namespace" rollout status "$workload" --timeout="$timeout"
  done
done
say "Placet is there. deploy/verify.sh tries what it must do and what it must not."
