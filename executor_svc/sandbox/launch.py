"""How the zygote and the steward begin: `python -P -s -S -B launch.py NAME FD`.

Run by path, so that the interpreter loads nothing of the executor's packages: the modules beside this one
become importable under their usual names without any package's own code. Standard library only.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import types


def main() -> None:
    """Hand over to the module of that name, with the socket that orders come over."""
    os.environ.pop("PYTHONMALLOC", None)  # has had its effect, and is no business of programs
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib before it is needed
    ours = os.path.dirname(here)  # noqa: PTH120
    for name in ("", ".sandbox", ".delivery", ".delivery.inside", ".delivery.inside.description"):
        package = types.ModuleType(f"executor_svc{name}")
        package.__path__ = [ours + name.replace(".", "/")]
        sys.modules[package.__name__] = package
    module = importlib.import_module(f"executor_svc.sandbox.{sys.argv[1]}")
    module.main(socket.socket(fileno=int(sys.argv[2])))


if __name__ == "__main__":
    main()
