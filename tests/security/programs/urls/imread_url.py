import matplotlib.pyplot as plt
from matplotlib import image

plt.imshow(image.imread("https://192.0.2.7/logo.png"))
