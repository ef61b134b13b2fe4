"""One level-triggered reconcile: observe, decide (pure), apply."""
