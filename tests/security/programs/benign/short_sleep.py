import time

print("first")
time.sleep(0.1)
print("second")
