row = {"region": "north", "price": 4.5}
print("{0[region]:<10}|{0[price]:>8.2f}".format(row))
print("{:>10} {:,.2f}".format("total", 12345.678))
