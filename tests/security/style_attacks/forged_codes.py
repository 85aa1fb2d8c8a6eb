"""Words in the description that are code for other readers.

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

Image.new("RGB", (70, 50), "magenta").save("a.png")
wrong = axes()
wrong["place"] = {"how": "__class__", "box": [0, 0, 1, 1]}
told(line("a.png", wrong), line("a.png", axes(x={**AXIS, "scale": "function"})))
told(line("a.png", axes(), title={"__reduce__": ["os.system", "id"]}), {**line("a.png", axes()), "savefig": {"facecolor": "magenta"}})
