import json

import numpy as np
import pytest

from ganzoo.errors import InvalidInput
from ganzoo.metrics import MetricResult


def test_tables_are_json_and_have_no_null():
    result = MetricResult(metric="frechet", value=1.5, protocol={"real": 10, "features": "digits"})
    expected = {"metric": "frechet", "value": 1.5, "protocol": {"real": 10, "features": "digits"}}
    assert json.loads(json.dumps(result.tables())) == expected
    with_error = MetricResult(metric="kernel", value=0.1, error=0.01, protocol={})
    assert with_error.tables() == {"metric": "kernel", "value": 0.1, "error": 0.01, "protocol": {}}


def test_tables_are_a_copy():
    result = MetricResult(metric="frechet", value=1.5, protocol={"real": 10})
    result.tables()["protocol"]["real"] = 0
    assert result.protocol == {"real": 10}


@pytest.mark.parametrize("numbers", [{"value": float("nan")}, {"value": 1.0, "error": np.inf}])
def test_a_number_that_is_not_finite_is_no_result(numbers):
    with pytest.raises(InvalidInput, match="finite"):
        MetricResult(metric="frechet", protocol={}, **numbers)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, np.zeros(2)])
def test_a_protocol_holds_scalars_only(value):
    with pytest.raises(InvalidInput, match="Received: 'step'"):
        MetricResult(metric="frechet", value=1.0, protocol={"step": value})
