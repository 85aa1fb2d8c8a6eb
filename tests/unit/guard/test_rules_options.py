"""Settings of libraries that load a module or start a program are stopped, and honest settings are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from placet.scope import load_scope

SCOPE = load_scope((Path(__file__).parents[3] / "examples/scopes/data-analysis.yaml").read_bytes())
HEAD = "import matplotlib\nimport matplotlib.pyplot as plt\nimport pandas as pd\nimport seaborn as sns\n"


def is_stopped(line: str) -> bool:
    findings = analyse(read_program((HEAD + line + "\n").encode()), SCOPE).findings
    return any(found.severity >= Severity.HIGH for found in findings)


@pytest.mark.parametrize(
    "line",
    [
        "matplotlib.use('module://antigravity')",
        "matplotlib.use(backend='module://antigravity')",
        "plt.switch_backend('module://antigravity')",
        "plt.rcParams['backend'] = 'module://antigravity'",
        "pd.set_option('plotting.backend', 'antigravity')",
        "with pd.option_context('display.width', 80, 'plotting.backend', 'antigravity'): pass",
        "pd.options.plotting.backend = 'antigravity'",
        "pd.DataFrame().plot(backend='antigravity')",
        "plt.rcParams['text.usetex'] = True",
        "plt.rcParams.update({'text.usetex': True})",
        "plt.rc('text', usetex=True)",
        "sns.set_theme(rc={'text.usetex': True})",
        "plt.rcParams['animation.ffmpeg_path'] = 'x'",
        "movie.save('x.mp4', writer='ffmpeg')",
        "plt.savefig('x', format='pgf')",
        "plt.gcf().savefig('x.pdf', backend='module://antigravity')",
        "plt.savefig('x.pgf')",
        "movie.to_html5_video()",
        "name = 'text.' + 'usetex'\nplt.rcParams[name] = True",
    ],
)
def test_a_setting_that_loads_or_starts_something_is_stopped(line: str) -> None:
    assert is_stopped(line)


@pytest.mark.parametrize(
    "line",
    [
        "matplotlib.use('Agg')",
        "matplotlib.use('agg')",
        "plt.switch_backend('Agg')",
        "plt.rcParams['figure.figsize'] = (4, 3)",
        "plt.rcParams['text.usetex'] = False",
        "plt.rcParams.update({'font.size': 10, 'axes.grid': True})",
        "plt.rc('font', size=10)",
        "pd.set_option('display.max_rows', 50)",
        "pd.options.display.precision = 3",
        "pd.DataFrame().plot(kind='bar', backend='matplotlib')",
        "settings = {'backend': 'loky'}",
        "plt.plot([1, 2])",
        "plt.savefig('x.png', format='png', dpi=100)",
        "movie.save('x.gif', writer='pillow')",
        "plt.savefig('x.png')",
        "plt.savefig('report.v2')",
        "plt.savefig(f'{input()}.pdf')",
        "movie.save('x.gif', writer=matplotlib.animation.PillowWriter(fps=2))",
    ],
)
def test_an_honest_setting_is_not(line: str) -> None:
    assert not is_stopped(line)
