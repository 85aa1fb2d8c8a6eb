"""What tests of the console in a browser are made with: a world, stories in it, visitors, and what they saw."""
