class Steps:
    def __init__(self, stop, step):
        self.now, self.stop, self.step = 0, stop, step

    def __iter__(self):
        return self

    def __next__(self):
        if self.now >= self.stop:
            raise StopIteration
        self.now += self.step
        return self.now

print(list(Steps(10, 3)))
