"""Numbers at the edge of what there is.

leaves: nothing
told: withheld
"""

from PIL import Image

import json
AXIS = {"label": "", "scale": "linear", "limits": [0, 1], "kind": "number", "fixed": False, "ticks": [], "labels": [],
        "shown": True, "side": "bottom", "angle": 0}
def axes(**more):
    return {"kind": "plain", "place": {"how": "box", "box": [-5, -5, 9, 9]}, "title": "", "on": False, "framed": True,
            "equal": False, "x": dict(AXIS), "y": dict(AXIS), "marks": [], "texts": [], "tables": [], "legend": None, **more}
def line(name, *drawn, **more):
    return {"version": 1, "name": name, "sha256": None, "inches": [7, 5], "title": "", "x": "", "y": "", "captions": [],
            "legends": [], "axes": list(drawn), "left_out": [], **more}
def told(*lines):
    with open(".placet-figures.jsonl", "a") as file:
        file.writelines(json.dumps(one) + "\n" for one in lines)

for name, number in (("a.png", 1e308), ("b.png", 10 ** 400), ("c.png", True), ("d.png", "1")):
    Image.new("RGB", (70, 50), "magenta").save(name)
    told(line(name, axes(x={**AXIS, "limits": [-number if number is not True and number != "1" else number, number]})))
open(".placet-figures.jsonl", "a").write('{"version":1,"name":"a.png","sha256":null,"inches":[NaN,Infinity]}\n')
