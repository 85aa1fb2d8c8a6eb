from dataclasses import dataclass, field

@dataclass(order=True)
class Sale:
    price: float
    quantity: int = 1
    tags: list = field(default_factory=list)

    @property
    def total(self) -> float:
        return self.price * self.quantity

print(max(Sale(2.5, 4), Sale(3.0)).total, Sale(2.5, 4).total)
