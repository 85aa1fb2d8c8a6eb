import pandas as pd

class Report:
    pass

report = Report()
report.tools = pd.io
report.more = report.tools.common
print("stored", report.more.os.getpid())
