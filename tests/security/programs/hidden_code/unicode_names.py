text = "\N{LOW LINE}\N{LOW LINE}import\N{LOW LINE}\N{LOW LINE}('\x6f\x73').getpid()"
print("named", eval(text))
