from matplotlib import mathtext

mathtext.math_to_image("$x^2$", "/usr/formula.png")
