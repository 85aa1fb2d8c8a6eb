from datetime import datetime

for form in ("%d.%m.%Y", "%Y-%m-%d"):
    try:
        print(datetime.strptime("2026-02-03", form))
        break
    except ValueError:
        continue
