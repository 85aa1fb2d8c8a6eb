from scipy.io import arff

class Survey:
    source = "/usr/lib/os-release"

    def load(self):
        return arff.loadarff(self.source)

print(Survey().load())
