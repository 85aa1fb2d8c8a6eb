help("posix.getpid")
