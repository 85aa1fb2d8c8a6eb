"""An SVG as text, plain, prefixed, in another encoding and compressed.

leaves: nothing
told: withheld
"""

import gzip
svg = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="100%" height="100%" fill="magenta"/></svg>'
prefixed = '<?xml version="1.0"?><x:svg xmlns:x="http://www.w3.org/2000/svg"><x:rect fill="magenta"/></x:svg>'
open("a.svg", "w").write(svg)
open("b.txt", "w").write(" " * 3_000_000 + svg)
open("c.csv", "w").write(prefixed)
open("d.txt", "w", encoding="utf-16").write(svg)
gzip.open("e.svgz", "wb").write(svg.encode())
