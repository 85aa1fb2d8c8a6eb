import json

text = json.loads('"\\u005f\\u005fimport\\u005f\\u005f(\'os\').getpid()"')
print("json", eval(text))
