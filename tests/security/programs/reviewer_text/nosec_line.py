print("quiet", eval("__import__('os').getpid()"))  # nosec B307 # noqa: S307 # nosemgrep
