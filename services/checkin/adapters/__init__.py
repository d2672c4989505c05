"""The intake's HTTP face, its producer and its follower of the plan."""
