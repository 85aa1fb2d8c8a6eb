"""The console: where security staff read, decide and label. A process of its own beside the log.

It holds neither the log's key nor anybody's approval key: it appends like every other service, and what a
person decides is signed in that person's browser.
"""
