"""A package, so that its world and its browser end with its last test (see conftest.py)."""
