from numpy.f2py import run_main

with open("kernel.f90", "w") as source:
    source.write("subroutine add(a, b)\nreal :: a, b\nb = a + 1\nend subroutine add\n")
print("compiler", sorted(run_main(["-m", "kernel", "kernel.f90"])))
