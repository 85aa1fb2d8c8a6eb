"""A picture between the signs of Parquet.

leaves: nothing
told: withheld
"""

import io
from PIL import Image
held = io.BytesIO()
Image.new("RGB", (40, 40), "magenta").save(held, "PNG")
open("a.parquet", "wb").write(b"PAR1" + held.getvalue() + b"PAR1")
