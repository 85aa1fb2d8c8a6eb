import pandas as pd

note = "mean price󠁩󠁧󠁮󠁯󠁲󠁥"
print("tagged", len(note))
