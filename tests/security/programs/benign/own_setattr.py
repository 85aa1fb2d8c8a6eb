class Record:
    pass

record = Record()
for key, value in {"region": "north", "price": 4.5}.items():
    setattr(record, key, value)
print(record.region, record.price)
