guess, target = 1.0, 2.0
while abs(guess * guess - target) > 1e-12:
    guess = (guess + target / guess) / 2
print(guess)
