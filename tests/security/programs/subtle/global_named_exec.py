calls = {k: v for k, v in vars(__builtins__).items() if k.startswith("ex")}
calls["exec"]("import os\nprint('later', os.getpid())")
