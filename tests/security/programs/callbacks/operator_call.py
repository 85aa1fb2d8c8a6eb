import operator

print("operator", operator.call(eval, "__import__('os').getpid()"))
