"""The CashBox's definition is what the types say, wherever a copy of it lies."""

from pathlib import Path

import pytest
import yaml

from caixa_operator.crd.__main__ import COPIES, ROOT
from caixa_operator.crd.definition import rendered
from caixa_operator.spec.cashbox import CashBox

SAMPLES = sorted((ROOT / "k8s" / "samples").glob("*.yaml"))


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: path.parts[-3])
def test_every_copy_equals_the_generated_one(copy: Path) -> None:
    """`make crd` has been run since the types changed."""
    assert copy.read_text(encoding="utf-8") == rendered()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_one_that_the_operator_can_read(sample: Path) -> None:
    """What people copy is right."""
    found = [one for one in yaml.safe_load_all(sample.read_text(encoding="utf-8")) if one["kind"] == "CashBox"]
    for body in found:
        body["metadata"] |= {"uid": "u", "namespace": body["metadata"].get("namespace", "default")}
        assert CashBox.from_object(body).name == body["metadata"]["name"]
    assert found
