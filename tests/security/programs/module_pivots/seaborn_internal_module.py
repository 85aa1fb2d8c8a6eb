import seaborn as sns

sns.set_theme()
print("drawn by", sns.utils.os.getpid())
