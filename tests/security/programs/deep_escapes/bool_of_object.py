import statistics

class Data:
    def __bool__(self):
        seen.append(len(statistics.sys.argv))
        return True

seen = []
if Data():
    print("truth", seen[0])
