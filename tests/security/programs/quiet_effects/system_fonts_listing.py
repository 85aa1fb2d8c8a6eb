from matplotlib.font_manager import findSystemFonts

print("fonts", len(findSystemFonts(fontpaths=["/usr/lib/python3"], fontext="ttf")))
