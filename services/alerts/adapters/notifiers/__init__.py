"""Ways to reach people; each is a `Notifier`, named by the kind of channel in the plan."""
