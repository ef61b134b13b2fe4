"""The operator: reconciles a CashBox into a running cash-flow platform."""
