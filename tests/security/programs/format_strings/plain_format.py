label = "price {0.__class__.__init__}"
print(label.format(3.5))
