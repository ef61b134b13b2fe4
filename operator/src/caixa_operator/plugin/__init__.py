"""`kubectl caixa`: what a platform engineer asks a CashBox on the command line."""
