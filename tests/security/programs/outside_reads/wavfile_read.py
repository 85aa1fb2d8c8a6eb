from scipy.io import wavfile

rate, sound = wavfile.read("/etc/passwd")
print(rate)
