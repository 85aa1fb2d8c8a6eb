"""The built-in actions, as source text: read by the catalogue, compiled into programs, never imported.

Each file knows pandas, numpy, scipy or matplotlib and the words of docs/actions-format.md §4.3; files use one
another's helpers, for all end in one program. They must not know plans, scopes, or anything of the services.
"""
