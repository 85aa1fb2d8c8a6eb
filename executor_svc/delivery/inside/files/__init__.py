"""What is in a file, by its kind; every byte of it is hostile. Knows neither contracts nor styles.

`kinds` asks whether a file is what its name says, and `images` whether it is surely no picture. `plain`,
`marked`, `pictures`, `separated`, `columnar` and `workbooks` each know one form. `tables` finds the tables in
all of them (`table` is one, `cells` what it is made of, `nested` those in JSON, `printed` those in what was
printed), and `texts` the words.
"""
