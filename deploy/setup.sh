#!/usr/bin/env bash
# Set up Placet in this checkout: .venv (services, command line), .venv-sandbox (what programs
# may import, nothing of ours). `setup.sh dev` adds what the tests need (.venv-deploy among it), `setup.sh PART` is for
# make, which sets up several parts at once; `setup.sh python` says which Python it takes. Safe to repeat: an environment
# is touched only when its pinned requirements changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

need_root() { # a system package is missing
  if [ "$(id -u)" = 0 ]; then echo; elif command -v sudo >/dev/null; then echo sudo; else
    fail "needs the system packages: $*. Install them (e.g. apt-get install $*) and run this again."; fi
}

apt_install() {
  command -v apt-get >/dev/null || fail "needs the system packages: $*. Install them and run this again."
  local sudo; sudo="$(need_root "$@")"
  say "installing system packages: $*"
  $sudo apt-get -qq update >/dev/null && DEBIAN_FRONTEND=noninteractive $sudo apt-get -qq install -y --no-install-recommends "$@" >/dev/null \
    || fail "apt-get could not install: $*"
}

python_for() { # PYTHON, or the first on the path that fits; instead of a slow one, the system's own
  local p found=''
  for p in "${PYTHON:-python3}" python3 python3.11 python3.12 python3.13; do
    fits "$p" && { found="$p"; break; }
  done
  [ -n "$found" ] || fail "needs Python 3.11 to 3.13 on the PATH (or PYTHON=/path/to/python3.11 make …)."
  [ -z "${PYTHON:-}" ] && slow "$found" && fits /usr/bin/python3 && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null && found=/usr/bin/python3
  echo "$found"
}

fits() { command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

slow() { # built from source without profile-guided optimization: a request then takes a third more (docs/SCALING.md)
  "$1" -c 'import sysconfig; how = sysconfig.get_config_var("CONFIG_ARGS"); exit(not how or "--enable-optimizations" in how)'
}

system_packages() {
  local missing=()
  ldconfig -p 2>/dev/null | grep -q 'libseccomp\.so\.2' || missing+=(libseccomp2)
  ldconfig -p 2>/dev/null | grep -q 'libgomp\.so\.1' || missing+=(libgomp1)
  "$1" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

gvisor() { # for the tests of tier T2, which are skipped without it
  command -v runsc >/dev/null || { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update >/dev/null \
    && quiet_apt runsc && say "installed gVisor (runsc) for the tests of tier T2"; } \
    || say "gVisor (runsc) is not here and could not be installed: the tests of tier T2 will be skipped"
  newer_gvisor || say "no gVisor of 2023 or newer could be had: the tests of the sandbox at T2 will be skipped"
}

newer_gvisor() { # the sandbox needs one (docs/gvisor.md); from the distribution's backports, beside what is installed
  local place="$HOME/.cache/placet/gvisor" from work
  { runsc --version; "$place/runsc" --version; } 2>/dev/null | grep -oE '20[0-9]{6}' | awk '$1 >= 20230101 { new = 1 } END { exit !new }' && return
  command -v apt-get >/dev/null || return 1
  from="$(. /etc/os-release; apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' \
    | awk -v name="$VERSION_CODENAME" '$2 == name { print $1, name "-backports main"; exit }')"
  [ -n "$from" ] || return 1
  work="$(mktemp -d)"
  echo "deb $from" > "$work/from.list" && mkdir -p "$work/lists/partial" "$place"
  (cd "$work" && for step in update 'download runsc'; do
     # shellcheck disable=SC2086
     apt-get -qq -o Dir::Etc::SourceList="$work/from.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists" \
       -o Dir::Cache="$work" $step >/dev/null 2>&1 || exit 1
   done; dpkg -x runsc_*.deb unpacked && mv unpacked/usr/bin/runsc "$place/runsc") || { rm -rf "$work"; return 1; }
  rm -rf "$work"
  say "fetched a newer gVisor for the tests of tier T2"
}

postgresql() { # for the tests of the log on PostgreSQL, which are skipped without it
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  # The package would start a server of its own; the tests start theirs, in a directory of theirs.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update >/dev/null \
    && quiet_apt postgresql-common && mkdir -p /etc/postgresql-common/createcluster.d \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/placet.conf && quiet_apt postgresql; then
    say "installed PostgreSQL for the tests of the log"; return; fi
  say "PostgreSQL is not here and could not be installed: the tests of the log on it will be skipped"
}

tracer() { # for the tests that trace the log's calls to the kernel, which are skipped without it
  command -v strace >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update >/dev/null && quiet_apt strace; then
    say "installed strace for the tests of the log"; return; fi
  say "strace is not here and could not be installed: the log's tests of power cuts and disk errors will be skipped"
}

browser() { # for the tests of the console in a browser, which are skipped without it
  [ -x /usr/bin/chromium-headless-shell ] || [ -x /usr/bin/chromium ] && return
  # Chromium without its window, which takes a third of the time. Without fonts a screenshot shows boxes.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update >/dev/null \
    && { quiet_apt chromium-headless-shell fonts-liberation fonts-dejavu-core \
      || quiet_apt chromium fonts-liberation fonts-dejavu-core; }; then
    say "installed Chromium for the tests of the console"; return; fi
  say "Chromium is not here and could not be installed: the tests of the console in a browser will be skipped"
}

alerts() { # for the tests of the alerts, which are skipped without it
  command -v promtool >/dev/null || [ -x .venv-deploy/bin/promtool ] && return
  # The package would start a server; its one program that we need is taken out of it.
  local there; there="$(mktemp -d)"
  if [ "$(id -u)" = 0 ] && fetch_promtool "$there" >/dev/null 2>&1; then say "fetched promtool for the tests of the alerts"
  else say "promtool is not here and could not be fetched: the tests that run it will be skipped"; fi
  rm -rf "$there"
}

fetch_promtool() ( # into .venv-deploy, by way of the directory $1
  to="$PWD/.venv-deploy/bin"
  cd "$1" && { apt-get -qq download prometheus || { apt-get -qq update && apt-get -qq download prometheus; }; } \
    && dpkg-deb --extract prometheus_*.deb . && mkdir -p "$to" && cp usr/bin/promtool "$to/"
)

containers() { # for the tests of the images and of the chain in containers, which are skipped without it
  local needed=(podman runc mmdebstrap nft ip) program missing=''
  for program in "${needed[@]}"; do command -v "$program" >/dev/null || missing=1; done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update >/dev/null \
    && quiet_apt podman runc mmdebstrap nftables iproute2 catatonit; then
    say "installed podman for the tests in containers"; return; fi
  say "podman is not here and could not be installed: the tests in containers will be skipped"
}

quiet_apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1; }

install() { # install ENV REQUIREMENTS...: skipped while the pinned files are the same
  local env="$1"; shift
  local stamp="$env/.$(basename "${!#}").sha256" sum
  sum="$(cat "$@" | sha256sum)"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
  for file in "$@"; do
    say "installing $(grep -c '==' "$file") pinned packages of $file into $env"
    "$env/bin/python" -m pip install --quiet --no-compile --require-hashes -r "$file" 2> >(grep -v '^WARNING: Location' >&2) \
      || fail "pip could not install $file (see above). Is a package index reachable?"
  done
  byte_code "$env/lib"
  echo "$sum" > "$stamp"
}

byte_code() { # by all processors, where pip takes one; what does not compile is meant for another Python
  "${1%%/*}/bin/python" -m compileall -q -j 0 "$PWD/$1" >/dev/null 2>&1 || true
}

install_late() { # what each run loads for itself, if it wants it: beside the sandbox's packages and not among them
  local to=.venv-sandbox/late stamp=.venv-sandbox/.late.txt.sha256 sum
  sum="$(sha256sum < requirements/late.txt)"
  [ -d "$to" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
  say "installing $(grep -c '==' requirements/late.txt) pinned packages of requirements/late.txt into $to"
  rm -rf "$to"
  .venv-sandbox/bin/python -m pip install --quiet --no-compile --require-hashes --no-deps --target "$to" -r requirements/late.txt \
    2> >(grep -v '^WARNING: Location' >&2) || fail "pip could not install requirements/late.txt (see above). Is a package index reachable?"
  byte_code "$to"
  echo "$sum" > "$stamp"
}

system() { system_packages "$python"; }

services() {
  [ -x .venv/bin/python ] || { say "creating .venv with $("$python" --version), $(command -v "$python")"; "$python" -m venv .venv; }
  install .venv requirements/services.txt requirements/local.txt
  local stamp=.venv/.placet-editable
  if [ ! -f "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    .venv/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt 2> >(grep -v '^WARNING: Location' >&2)
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e . || fail "could not install the placet command"
    touch "$stamp"
  fi
}

sandbox() {
  [ -x .venv-sandbox/bin/python ] || { say "creating .venv-sandbox with $("$python" --version), $(command -v "$python")"; "$python" -m venv .venv-sandbox; }
  install .venv-sandbox requirements/sandbox.txt
  install_late
}

programs() { # of the system, for tests
  gvisor
  postgresql
  tracer
  browser
  alerts
  containers
}

manifests() { # an environment of its own: what checks manifests has other needs than what they deploy
  [ -x .venv-deploy/bin/python ] || { say "creating .venv-deploy"; "$python" -m venv .venv-deploy; }
  install .venv-deploy requirements/deploy.txt
}

tests() { install .venv requirements/dev.txt; }

python="$(python_for)"
case "${1:-}" in
  '') parts=(system services sandbox) ;;
  dev) parts=(system programs manifests tests) ;;
  system|services|sandbox|programs|manifests|tests) parts=("$1") ;;
  python) echo "$python"; exit ;;
  *) fail "what is $1?" ;;
esac
for part in "${parts[@]}"; do "$part"; done
