"""gateway: the one door, with identity, limits and routing."""
