import seaborn

print(seaborn.get_dataset_names())
