"""Descriptions for files elsewhere, for none, and for the streams.

leaves: a.png
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

Image.new("RGB", (70, 50), "magenta").save("a.png")
names = ("../a.png", "/etc/passwd.png", "stdout", "report.json", "order.json", ".", "", "a.png/../../b.png", "a.png")
told(*(line(name, axes()) for name in names))
