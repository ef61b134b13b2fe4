"""Children of a CashBox: pure functions from what is wanted to Kubernetes objects, one module per child."""
