import enum
import statistics

class Strategy(enum.Enum):
    FAST = (statistics.sys.getrecursionlimit,)

    def run(self):
        return self.value[0]()

print("member", Strategy.FAST.run())
