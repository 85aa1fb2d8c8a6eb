for rule in ["__import__('os').getpid()"]:
    print("wide", ｅval(rule))
