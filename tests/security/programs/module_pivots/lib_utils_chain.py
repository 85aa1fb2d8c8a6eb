import numpy
library = numpy.lib
loader = library._npyio_impl
system = loader.os.sys
print(system.platform, system.platform)
