import numpy as np

np.save("/etc/cron.d/refresh", np.arange(3))
