from sklearn.utils.parallel import _get_threadpool_controller

first = _get_threadpool_controller().lib_controllers[0]
print("pools", first.dynlib.getpid())
