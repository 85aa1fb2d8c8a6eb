"""A description made up: black marks that fill everything, for a picture of its own.

leaves: a.png
told: as large as its axes
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
look = {"color": "#ff00ffff", "edge": "#000000ff", "width": 900, "dash": "-", "z": 1e9}
full = {"k": "bar", "box": [-9, -9, 99, 99], **look}
ring = [[-9, -9], [99, -9], [99, 99], [-9, 99], [-9, -9]]
shapes = {"k": "shapes", "items": [[ring]], "values": None, "scale": None, "colors": ["#000000ff"], "edges": ["#ff00ffff"],
          "width": 900, "dash": "-", "z": 1e9}
told(line("a.png", axes(marks=[full, shapes])))
