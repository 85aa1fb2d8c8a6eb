"""What tests of the console in a browser are made with: a world, its stories, visitors, what they saw."""
