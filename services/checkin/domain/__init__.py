"""What the intake decides about one event: pure, arguments in, a decision with its reason out."""
