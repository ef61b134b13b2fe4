"""The CustomResourceDefinition, generated from the spec's types: `python -m caixa_operator.crd` writes it where the repository keeps it."""
