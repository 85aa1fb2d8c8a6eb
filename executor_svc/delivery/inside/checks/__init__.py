"""What a contract asks of one thing that leaves: docs/contract.md 3 to 6.

`leaving` carries the checks out. `result` is its schema, `groups` the sizes of groups, `denied` the columns
whose names and values must not leave (`sought` finds them), `secrets` are keys and tokens; `views` are the
ways in which a text is read for both. A violation tells place and rule, never a value.
"""
