"""The schema `caixa_fluxo`, step by step."""
