"""Modules that two scopes are compared by: which need no entry, and which a library's name certainly covers.

Knows names only. Both sets are parts of what the guard's catalogue grants (a test holds them to it), so what
is missing here makes a comparison more careful, never less.
"""

from typing import Final

PURE: Final = frozenset(
    """
    __future__ abc array base64 binascii bisect calendar cmath collections collections.abc colorsys
    contextlib copy csv dataclasses datetime decimal difflib enum fractions functools graphlib hashlib
    heapq hmac io itertools keyword math numbers operator pprint queue random re secrets statistics
    string struct textwrap time timeit typing unicodedata uuid warnings zlib zoneinfo
    """.split()  # noqa: SIM905  (names read better as text)
)
"""Allowed by `pure_stdlib: true`. Packages are here only if all their public submodules are."""

PUBLIC: Final = frozenset(
    """
    os.path urllib.parse urllib.request urllib.error xml.etree xml.etree.ElementTree pandas.api
    pandas.api.types pandas.errors pandas.plotting pandas.testing pandas.tseries pandas.tseries.offsets
    numpy.fft numpy.linalg numpy.ma numpy.polynomial numpy.polynomial.polynomial numpy.random
    numpy.typing matplotlib.axes matplotlib.cm matplotlib.colors matplotlib.dates matplotlib.figure
    matplotlib.gridspec matplotlib.lines matplotlib.patches matplotlib.pyplot matplotlib.ticker
    seaborn.objects seaborn.palettes scipy.cluster scipy.cluster.hierarchy scipy.constants scipy.fft
    scipy.integrate scipy.interpolate scipy.linalg scipy.ndimage scipy.optimize scipy.signal
    scipy.sparse scipy.sparse.linalg scipy.spatial scipy.spatial.distance scipy.special scipy.stats
    sklearn.cluster sklearn.compose sklearn.decomposition sklearn.ensemble sklearn.feature_extraction
    sklearn.feature_extraction.text sklearn.linear_model sklearn.metrics sklearn.model_selection
    sklearn.neighbors sklearn.pipeline sklearn.preprocessing sklearn.svm sklearn.tree statsmodels.api
    statsmodels.formula statsmodels.formula.api statsmodels.tsa statsmodels.tsa.api
    """.split()  # noqa: SIM905  (names read better as text)
)
"""Covered by the name of the library, or of a module above them that is here too."""
