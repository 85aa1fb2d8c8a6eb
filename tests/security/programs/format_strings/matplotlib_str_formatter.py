from matplotlib.ticker import StrMethodFormatter

ticks = StrMethodFormatter("{x.__class__.__class__}")
print("tick", ticks(1.0))
