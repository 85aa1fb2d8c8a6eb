import matplotlib.pyplot as plt

decisions = {"ALLOW": 12, "DENY": 3}
plt.bar(list(decisions), list(decisions.values()))
plt.title("Permit decisions 2026: ALLOW and DENY by month")
plt.savefig("permits.png")
print(decisions)
