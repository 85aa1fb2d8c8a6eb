"""Make the root of an image that holds Python and what it stands on: no shell, no package manager.

    python3 bare_root.py DIRECTORY PACKAGE...

Takes the files of the named Debian packages, and of all that they depend on, out of the system it runs in. Of
programs it takes only `PROGRAMS`. What it took is told in var/lib/dpkg/status.d, one file a package, where
scanners look in images without a package manager. Runs in the build; standard library only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = re.compile(r"/usr/s?bin/(?:python3(?:\.\d+)?|ldconfig)")
"""Python, and what its ctypes finds libraries with (libseccomp is opened by its name)."""

LEFT_OUT = frozenset({"debconf", "dpkg", "install-info", "mawk", "openssl", "perl-base"})
"""What installs and configures packages; an image is not configured."""

UNREAD = re.compile(
    r"/usr/share/doc/.*(?<!/copyright)$"
    r"|/usr/share/(?!doc/|zoneinfo/|misc/|mime/)"
    r"|/usr/share/zoneinfo/(?:posix|right)/"
    r"|/usr/lib/python3\.\d+/(?:ensurepip|idlelib|lib2to3|pydoc_data|test|tkinter|turtledemo)/"
    r"|/usr/lib/(?:valgrind|tmpfiles\.d|mime)/"
    r"|/usr/lib/.*/(?:gconv|audit)/"
    r"|/etc/(?!ld\.so\.|mime\.types$|protocols$|python3|services$)"
)
"""What nobody reads in an image. Licences stay."""

FILES = {
    "etc/passwd": "root:x:0:0::/:/nonexistent\nplacet:x:65532:65532::/nonexistent:/nonexistent\n",
    "etc/group": "root:x:0:\nplacet:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/host.conf": "multi on\n",
}
LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "sbin": "usr/sbin",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
}
EMPTY = (
    "dev",
    "proc",
    "run",
    "sys",
    "usr/bin",
    "usr/sbin",
    "usr/lib64",
    "usr/lib/ssl",
    "var/lib/dpkg/status.d",
)
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"


def ask(*command: str) -> str:
    """What a program prints. Raises CalledProcessError when it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def names(listed: str, separator: str) -> list[str]:
    """Names of packages in a list of dpkg's, without versions and architectures."""
    return [re.split(r"[\s:(]", one.strip())[0] for one in listed.split(separator) if one.strip()]


def closure(packages: list[str]) -> list[str]:
    """The packages and all that they depend on, sorted. Ends the program when one is not installed."""
    needs: dict[str, list[str]] = {}
    provided: dict[str, str] = {}
    form = "${Package}\t${Pre-Depends},${Depends}\t${Provides}\n"
    for line in ask("dpkg-query", "-Wf", form).splitlines():
        package, depends, provides = line.split("\t")
        needs[package] = [one for one in depends.split(",") if one.strip()]
        provided |= dict.fromkeys(names(provides, ","), package)
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        alternatives = [
            provided.get(name, name) if name not in needs else name for name in names(waiting.pop(), "|")
        ]
        if LEFT_OUT.intersection(alternatives):
            continue
        package = next((name for name in alternatives if name in needs), "")
        if not package:
            sys.exit(f"bare_root: the base image has none of {alternatives}")
        if package not in found:
            found.add(package)
            waiting += needs[package]
    return sorted(found)


def place(root: Path, path: str) -> None:
    """Copy one file of a package below `root`, if it is wanted; without its owner and special bits."""
    inside = re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)
    program = inside.startswith(("/usr/bin/", "/usr/sbin/"))
    if Path(path).is_dir() or UNREAD.match(inside) or (program and not PROGRAMS.fullmatch(inside)):
        return
    target = root / inside[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target, follow_symlinks=False)
    if not target.is_symlink():
        target.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def main(root: Path, packages: list[str]) -> None:
    """Make the root."""
    for directory in EMPTY:
        (root / directory).mkdir(parents=True)
    for link, target in LINKS.items():
        (root / link).symlink_to(target)
    for package in closure(packages):
        for path in filter(os.path.lexists, ask("dpkg", "-L", package).splitlines()):
            place(root, path)
        (root / "var/lib/dpkg/status.d" / package).write_text(ask("dpkg", "-s", package))
    for path, content in FILES.items():
        (root / path).write_text(content)
    shutil.copyfile("/usr/lib/os-release", root / "etc/os-release")
    (root / AUTHORITIES).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(f"/{AUTHORITIES}", root / AUTHORITIES)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    ask("ldconfig", "-r", str(root))
    shutil.rmtree(root / "var/cache", ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
