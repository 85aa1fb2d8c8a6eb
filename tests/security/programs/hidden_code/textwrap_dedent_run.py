import textwrap

block = textwrap.dedent("""
    import os
    def run():
        return os.getpid()
""")
space = {}
code = compile(block, "report", "exec")
(exec)(code, space)
print("dedent", space["run"]())
