"""Two black halves, which together fill the axes over and over.

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

Image.new("RGB", (700, 500), "magenta").save("a.png")
def bar(left):
    return {"k": "bar", "box": [left, 0, 0.5, 1], "color": "#000000ff", "edge": "#000000ff", "width": 0, "dash": "-", "z": 5}
told(line("a.png", axes(marks=[bar(0), bar(0.5)] * 30)))
