class Sale:
    def __init__(self, region, price):
        self.region, self.price = region, price

    def __eq__(self, other):
        return (self.region, self.price) == (other.region, other.price)

    def __hash__(self):
        return hash((self.region, self.price))

print(len({Sale("north", 1), Sale("north", 1), Sale("south", 1)}))
