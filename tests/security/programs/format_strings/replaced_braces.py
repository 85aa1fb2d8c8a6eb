def price():
    return 1

template = "global [[f.__globals__]]"
print(template.replace("[[", "{").replace("]]", "}").format(f=price))
