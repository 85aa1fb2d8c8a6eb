"""What the program reaches without a call: attributes of the interpreter, and modules behind modules.

Knows the order of the checks. Must not know what they look for.
"""

from guard_svc.rules import annotations, attributes, modules
from guard_svc.rules.subject import Subject


def check(subject: Subject) -> None:
    """Attributes, modules, and annotations that a library may evaluate."""
    attributes.check(subject)
    modules.check(subject)
    annotations.check(subject)
