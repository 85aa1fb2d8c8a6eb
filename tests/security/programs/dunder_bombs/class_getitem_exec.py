class Table:
    __class_getitem__ = exec

Table["import os; print('item', os.getpid())"]
