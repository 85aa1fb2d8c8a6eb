from scipy import datasets, ndimage

print(ndimage.gaussian_filter(datasets.face(gray=True), 2).mean())
