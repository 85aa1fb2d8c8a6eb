"""`python -m placet.cli`: the `placet` command where no script is installed."""

from placet.cli.main import main

main()
