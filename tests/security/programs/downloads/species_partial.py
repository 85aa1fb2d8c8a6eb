from functools import partial
import sklearn.datasets as samples

load = partial(samples.fetch_species_distributions, data_home="cache", n_retries=1, delay=0.1)
print(load().train.shape)
