import pandas as pd

notes = pd.DataFrame({"file": ["passwd", "group"]})
notes["file"] = "/etc/" + notes.file
print("cell", len(open(notes.file[0]).read()))
