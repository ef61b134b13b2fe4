"""Write the CRD to every place that keeps a copy: k8s/crds and the chart."""

from pathlib import Path

from caixa_operator.crd.definition import rendered
from caixa_operator.spec.cashbox import GROUP, PLURAL

ROOT = Path(__file__).parents[4]
COPIES = (ROOT / "k8s" / "crds" / f"{PLURAL}.{GROUP}.yaml", ROOT / "charts" / "caixa" / "files" / f"{PLURAL}.{GROUP}.yaml")


def main() -> None:
    """Write every copy."""
    for path in COPIES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
