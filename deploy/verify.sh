#!/usr/bin/env bash
# Tries an installed Placet: what it must do, and what must not work. Runs against any kubeconfig; what it puts into the cluster
# (deploy/verify) it takes away again. Every line says ok or WRONG; the exit code is 1 if one of them is WRONG.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
usage: deploy/verify.sh OVERLAY [--no-run | --turnover]

  OVERLAY      what was installed: trial, runc, production, agent-sandbox, or the directory of an overlay of your own
  --no-run     leave out the small program that is reviewed and run under the scope pure-compute, for which no model is asked
  --turnover   while such programs run one after the other, restart every workload and make every certificate anew: about twenty
               minutes in which no program may fail. For a new installation, or an hour in which you would upgrade

Uses kubectl with the current context, whose user must be allowed to make namespaces and pods, and python3.
TEXT
}

overlay="" run=yes turnover=""
for argument in "$@"; do
  case "$argument" in
    -h|--help) usage; exit ;;
    --no-run) run="" ;;
    --turnover) turnover=yes ;;
    -*) usage >&2; exit 2 ;;
    *) overlay="$argument" ;;
  esac
done
[ -n "$overlay" ] || { usage >&2; exit 2; }
[ -n "$run" ] || [ -z "$turnover" ] || { echo "verify: --turnover needs the programs that --no-run leaves out" >&2; exit 2; }
[ -d "overlays/$overlay" ] && overlay="overlays/$overlay"
[ -d "$overlay" ] || { echo "verify: there is no overlay $overlay" >&2; exit 2; }

wrong=0
ok() { printf 'ok     %s\n' "$*"; }
bad() { printf 'WRONG  %s\n' "$*"; wrong=1; }
scratch="$(mktemp -d)"
rendered="$scratch/verify.yaml"
clean() {
  [ ! -s "$rendered" ] || kubectl delete -f "$rendered" --ignore-not-found --wait=false >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap clean EXIT

refused() { # refused WHAT WORD COMMAND...: the API server must say no, and because of our rule
  local what="$1" word="$2" said; shift 2
  if said="$("$@" 2>&1)"; then bad "$what was let in"
  elif grep -q "$word" <<<"$said"; then ok "$what is refused"
  else bad "$what failed for another reason: $(head -c 300 <<<"$said")"; fi
}

# --- The API server understands every object, and admits it.
if said="$(kubectl kustomize "$overlay" | kubectl apply --dry-run=server -f - 2>&1 >/dev/null)" && ! grep -qi "warning" <<<"$said"; then
  ok "every object is accepted without a warning"
else bad "objects: $(head -c 600 <<<"$said")"; fi

# --- Everything is there and ready.
for namespace in placet placet-sandbox; do
  for workload in $(kubectl -n "$namespace" get deployment,statefulset -o name); do
    if kubectl -n "$namespace" rollout status "$workload" --timeout=5m >/dev/null 2>&1; then ok "$namespace $workload is ready"
    else bad "$namespace $workload is not ready"; fi
  done
done

# --- Workers run where they should.
runtime="$(kubectl -n placet get configmap sandbox-policy -o 'jsonpath={.data.runtimeClass}')"
tier=T0; [ "$runtime" != gvisor ] || tier=T2
worker="$(kubectl -n placet-sandbox get pod -l app.kubernetes.io/name=worker --field-selector=status.phase=Running -o 'jsonpath={.items[0].metadata.name}')"
while read -r name class; do
  if [ "$class" = "$runtime" ]; then ok "$name has the RuntimeClass '${runtime:-none}'"; else bad "$name has the RuntimeClass '$class'"; fi
done < <(kubectl -n placet-sandbox get pod -l app.kubernetes.io/name=worker -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.runtimeClassName}{"\n"}{end}')

# --- Nobody gets into the sandbox namespace, and nothing else is put there.
refused "exec into a worker" "doors:" kubectl -n placet-sandbox exec "$worker" -- python -c pass
refused "attaching to a worker" "doors:" kubectl -n placet-sandbox attach "$worker"
refused "an ephemeral container" "doors:" kubectl -n placet-sandbox debug "$worker" --image=docker.io/library/debian --profile=restricted --quiet
refused "a proxy to a worker" "doors:" kubectl get --raw "/api/v1/namespaces/placet-sandbox/pods/$worker:9464/proxy/metrics"
bare="$(kubectl -n placet-sandbox get pod "$worker" -o json | python3 -c '
import json, sys
pod = json.load(sys.stdin)
pod["metadata"] = {"name": "bare", "namespace": "placet-sandbox"}
pod["spec"].pop("nodeName", None)
json.dump({key: pod[key] for key in ("apiVersion", "kind", "metadata", "spec")}, sys.stdout)')"
refused "a copy of a worker made by hand" "made-by:" kubectl create --dry-run=server -f - <<<"$bare"
refused "a network policy that lets workers out" "egress:" kubectl create --dry-run=server -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: placet-sandbox}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}
YAML
refused "deleting the network policy that closes the sandbox" "kept:" kubectl -n placet-sandbox delete networkpolicy default-deny --dry-run=server
refused "rights for workers" "accounts:" kubectl create clusterrolebinding placet-verify --clusterrole=view --serviceaccount=placet-sandbox:worker --dry-run=server
refused "a lower level of the sandbox namespace" "level:" kubectl label namespace placet-sandbox pod-security.kubernetes.io/enforce=privileged --overwrite --dry-run=server
refused "an identity of somebody else's" "caller:\|service:" kubectl create --dry-run=server -f - <<'YAML'
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: placet-verify, namespace: default}
spec: {secretName: placet-verify, uris: ["spiffe://placet.local/svc/executor"], issuerRef: {kind: ClusterIssuer, name: placet}}
YAML

# --- The network is as the table says. Addresses are of pods, so that names play no part.
ip() { kubectl -n "$1" get pod -l "app.kubernetes.io/name=$2" --field-selector=status.phase=Running -o 'jsonpath={.items[0].status.podIP}' 2>/dev/null || true; }
doors="" closed=""
for name in generator guard executor audit; do doors+="tcp:$(ip placet "$name"):7443 "; closed+="tcp:$(ip placet "$name"):9464 "; done
closed+="tcp:$(ip placet console):8443 tcp:$(ip placet console):7443 tcp:$(ip placet-sandbox worker):7443 tcp:$(ip placet-sandbox worker):9464 "
database="$(ip placet postgres)"; [ -z "$database" ] || closed+="tcp:$database:5432 "
names="$(kubectl -n kube-system get service kube-dns -o 'jsonpath={.spec.clusterIP}' 2>/dev/null || true)"
api="$(kubectl -n default get service kubernetes -o 'jsonpath={.spec.clusterIP}')"
out="${doors}${closed}tcp:$api:443 tcp:1.1.1.1:443 tcp:169.254.169.254:80 udp:1.1.1.1:53 icmp:1.1.1.1 dns:example.com "
[ -z "$names" ] || out+="udp:$names:53 tcp:$names:53 "

services="$(kubectl -n placet get deployment guard -o 'jsonpath={.spec.template.spec.containers[0].image}')"
workers="$(kubectl -n placet-sandbox get pod "$worker" -o 'jsonpath={.spec.containers[0].image}')"
kubectl kustomize verify | sed -e "s#image: placet/services#image: $services#" -e "s#image: placet/worker#image: $workers#" \
  -e "s#VERIFY_OPEN#$doors#" -e "s#VERIFY_CLOSED#$closed#" -e "s#VERIFY_ALL#$doors$closed#" -e "s#VERIFY_OUT#$out#" \
  -e "s#VERIFY_TIER#$tier#" -e "s#VERIFY_UNTIL#${turnover:+/enough/now}#" > "$rendered"
[ "$runtime" = gvisor ] || sed -i '/runtimeClassName: gvisor/d' "$rendered"
kubectl apply -f "$rendered" >/dev/null

finished() { # finished NAMESPACE WORKLOAD WORD WHAT: its log ends with a line WORD…, within five minutes
  local said=""
  for _ in $(seq 100); do
    said="$(kubectl -n "$1" logs "$2" 2>/dev/null | grep "^$3" || true)"
    [ -z "$said" ] || break
    sleep 3
  done
  if [ -n "$said" ] && ! grep -q WRONG <<<"$said"; then ok "$4 (${said#*: })"
  else bad "$4: ${said:-it said nothing}"; kubectl -n "$1" logs "$2" 2>/dev/null | sed 's/^/         /' || true; fi
}
finished placet-sandbox deployment/canary "reach:" "nothing leaves a worker's pod: TCP, UDP, ICMP, names"
finished placet-verify-stranger job/reach "reach:" "who has no label reaches nothing"
finished placet-verify job/reach "reach:" "a team reaches what calls are for, and nothing else"

# --- Everything is replaced while programs run, one workload and one certificate after the other; none of the programs fails.
restarted() { # restarted NAMESPACE WORKLOAD
  kubectl -n "$1" rollout restart "$2" >/dev/null
  if kubectl -n "$1" rollout status "$2" --timeout=10m >/dev/null 2>&1; then ok "$1 $2 was restarted under load"
  else bad "$1 $2 is not ready after its restart"; fi
}
renewed() { # renewed NAMESPACE CERTIFICATE: cert-manager makes a secret that is gone anew; pods keep what is mounted meanwhile
  local before secret
  before="$(kubectl -n "$1" get certificate "$2" -o 'jsonpath={.status.revision}')"
  secret="$(kubectl -n "$1" get certificate "$2" -o 'jsonpath={.spec.secretName}')"
  kubectl -n "$1" delete secret "$secret" >/dev/null
  if kubectl -n "$1" wait certificate "$2" --for="jsonpath={.status.revision}=$((before + 1))" --timeout=2m >/dev/null 2>&1; then
    ok "$1 $2 was made anew under load"
  else bad "$1 $2 was not made anew"; fi
}
replaced() {
  for namespace in placet placet-sandbox; do
    # What this script brought is left alone, and so is the trial's database: it has one replica.
    for workload in $(kubectl -n "$namespace" get deployment,statefulset -l 'app.kubernetes.io/part-of!=placet-verify' -o name | grep -v /postgres); do
      restarted "$namespace" "$workload"
    done
  done
  for namespace in placet placet-sandbox; do
    for certificate in $(kubectl -n "$namespace" get certificate -o 'jsonpath={.items[*].metadata.name}'); do
      renewed "$namespace" "$certificate"
    done
  done
  sleep 150 # until every kubelet has mounted them and every connection is made with them
}
if [ -n "$turnover" ]; then
  going=""
  for _ in $(seq 100); do
    going="$(kubectl -n placet-verify logs job/call 2>/dev/null | grep "^going on" || true)"
    [ -z "$going" ] || break
    sleep 3
  done
  if [ -n "$going" ]; then
    replaced
    kubectl -n placet-verify exec job/call -- touch /enough/now || bad "the programs could not be told to end"
  else bad "no program ran, so nothing was replaced"; fi
fi
[ -z "$run" ] || finished placet-verify job/call "call:" "a program is reviewed and run on workers that reached $tier"
exit "$wrong"
