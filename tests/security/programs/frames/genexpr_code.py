squares = (n * n for n in range(5))
print(sum(squares))
code = squares.gi_code
print("code", code.co_name, len(code.replace(co_name="x").co_code))
