from matplotlib import font_manager

font_manager.fontManager.addfont("/etc/passwd")
