"""The front's side of workers: who there is, who holds which, and a run on one of them."""
