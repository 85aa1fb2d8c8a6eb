"""What runs in a cell of the sandbox, before a program and after it, and never in the same cell as one.

Standard library and the sandbox's libraries only (those of `.venv-sandbox` and of its `late` directory):
these files are shipped as text under their full names, and nothing else of ours is there.

Here lie the two stages, `cut` and `deliver`; `order`, what a cell is asked to do; `parcel`, what it hands
out; and the steps of `deliver`, modules with `apply(parcel)`. `figures` draws, withholds images and fills
`parcel.described`; then `contract` checks all that would leave; then `formats` gives tables the house format,
so that the check sees numbers; then `size` adds up. `cut` puts each input's new bytes into the parcel, or
violates. A cell that dies, exceeds its limits or leaves no report is a violation `delivery.failed`.

What they are made of, none of which knows orders, parcels or steps:

- `files`: what is in a file, by its kind.
- `checks`: what a contract asks of one thing that leaves.
- `style`: a figure that was told, drawn in house style.
- `description`: the exception. It tells figures in the program's own process, beside its libraries, and may
  be tampered with there.
"""
