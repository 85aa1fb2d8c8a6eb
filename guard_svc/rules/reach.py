"""What the program reaches without a call: attributes of the interpreter, and modules behind modules.

Knows the order of the two checks. Must not know what they look for.
"""

from guard_svc.rules import attributes, modules
from guard_svc.rules.subject import Subject


def check(subject: Subject) -> None:
    """Attributes first, then modules."""
    attributes.check(subject)
    modules.check(subject)
