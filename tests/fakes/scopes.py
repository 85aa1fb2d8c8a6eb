"""Scopes of the examples, loaded once."""

from pathlib import Path
from typing import Final

from placet.scope import load_scope

_EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "scopes"
DATA_ANALYSIS: Final = load_scope((_EXAMPLES / "data-analysis.yaml").read_bytes())
AUTOMATION: Final = load_scope((_EXAMPLES / "automation.yaml").read_bytes())
PURE_COMPUTE: Final = load_scope((_EXAMPLES / "pure-compute.yaml").read_bytes())
