import matplotlib.font_manager as fonts

print(fonts.subprocess.check_output(["fc-list"]))
