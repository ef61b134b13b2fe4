"""saldo: consolidates entries into daily balances."""
