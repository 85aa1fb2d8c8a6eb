"""Static rules: which capabilities a program needs, and what in it is a threat whatever the scope."""

from guard_svc.rules.analysis import RulesReport, analyse

__all__ = ["RulesReport", "analyse"]
