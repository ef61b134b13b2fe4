"""How many consumers there should be: a pure policy, a reader of the broker's figures, and a writer through the scale subresource."""
