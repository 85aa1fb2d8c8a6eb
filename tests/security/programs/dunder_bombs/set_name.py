import statistics

class Column:
    def __set_name__(self, owner, name):
        print("name", len(statistics.sys.argv))

class Sales:
    price = Column()
