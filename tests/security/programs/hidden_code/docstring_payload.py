def helper():
    """import os; print('doc', os.getpid())"""

exec(helper.__doc__)
