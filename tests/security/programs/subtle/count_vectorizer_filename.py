from sklearn.feature_extraction.text import CountVectorizer

words = CountVectorizer(input="filename")
words.fit(["/etc/passwd"])
print("vocabulary", len(words.vocabulary_))
