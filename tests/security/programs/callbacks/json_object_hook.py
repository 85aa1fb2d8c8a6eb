import json

settings = json.loads('{"run": "__import__(\'os\').getpid()"}', object_hook=lambda d: {k: eval(v) for k, v in d.items()})
print("hook", settings["run"])
