"""Pages and texts that bring a picture with them.

leaves: nothing
told: withheld
"""

import base64, io
from PIL import Image
held = io.BytesIO()
Image.new("RGB", (40, 40), "magenta").save(held, "PNG")
data = "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
open("a.html", "w").write(f"<html><body style='background:magenta'><img src='{data}'></body></html>")
open("a.md", "w").write(f"![picture]({data})")
open("a.txt", "w").write("P3 2 2 255 " + "255 0 255 " * 4)
open("b.txt", "w").write("#define a_width 8\n#define a_height 8\nstatic char a_bits[] = {0xff};")
open("c.txt", "w").write("%!PS-Adobe-3.0 EPSF-3.0\n1 0 1 setrgbcolor")
open("d.txt", "w").write('/* XPM */ static char *a[] = {"1 1 1 1", "a c magenta", "a"};')
