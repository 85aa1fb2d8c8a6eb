from decimal import Decimal, getcontext

getcontext().prec = 50_000_000
print(Decimal(2).sqrt())
