rules = ["print('filtered', __import__('os').getpid())"]
list(filter(exec, rules))
