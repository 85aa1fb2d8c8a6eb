"""A picture made without any figure.

leaves: nothing
told: withheld
"""

from PIL import Image
for name in ("a.png", "a.jpg", "a.gif", "a.bmp", "a.tiff", "a.webp", "a.ico", "a.ppm"):
    Image.new("RGB", (40, 40), "magenta").save(name)
