import numpy as np
from scipy.io import wavfile

tone = np.sin(np.linspace(0, 10, 100))
wavfile.write(filename="/lib/tone.wav", rate=100, data=tone)
