"""The schema `caixa_saldo`, version by version."""
