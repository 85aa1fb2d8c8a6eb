"""A program's figures told as data, in its own process: what is told is read as hostile by `style.described`.

Loaded beside the libraries where matplotlib is, before there is a program; it imports what it needs when it
is loaded, since later nothing of ours can be found. `extractor.install()` comes before the program; what it
appends to `extractor.FILE` in the working directory is `order.figures` in deliver. `describing` tells a whole
figure; `scales`, `marks`, `collection` and `words` its parts; `values` what they are made of. `missing` is
what a description can lack, and the one thing that `style` shares.
"""
