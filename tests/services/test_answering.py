"""What services go on with cannot be deleted, though something else is wanted of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.services.conftest import SPACE, Yard

from modelyard.errors import InUse
from modelyard.names import ModelRef, Qualified
from modelyard.services import store
from modelyard.services.answering import check_model_unneeded, check_version_unneeded
from modelyard.services.folder import folder
from modelyard.services.options import Options
from modelyard.services.types import ServiceSpec

FILES = {"model": "lm(dist ~ speed, cars)", "body": "function(model, input) input$x"}


@pytest.fixture
def wanted(yard: Yard):
    """A wish for V3 of NEEDED; nothing of it runs."""
    yard.reconciler.stop()
    for model, count in (("NEEDED", 3), ("ELSE", 1)):
        for i in range(count):
            yard.log(
                model, FILES | {"body": f"function(model, input) input$x + {i}"}, {"x": "double"}
            )
    yard.wish("needing", "NEEDED/V3")
    spec = yard.show("needing").spec
    yield spec
    with yard.account.catalog.begin() as tx:
        store.unwant(tx, spec.id)
    yard.reconciler.start()


def test_what_answers_and_what_is_beside_it_is_needed(yard: Yard, wanted: ServiceSpec):
    def check(version: str) -> None:
        check_version_unneeded(yard.account, ModelRef(wanted.model, version=version))

    where = folder(yard.account.settings.home, wanted.id)
    where.create()
    for version in ("V1", "V2", "V3"):
        check(version)
    where.write_good(replace(wanted, version="V1", options=Options(split={"v2": 0.5})))
    for version in ("V1", "V2"):
        with pytest.raises(InUse, match=f"{version} of model NEEDED still answers for needing"):
            check(version)
    check("V3")  # the registry itself refuses it
    check_model_unneeded(yard.account, wanted.model)  # and the model
    other = Qualified(SPACE, "ELSE")
    where.write_good(replace(wanted, model=other, version="V1"))
    check("V1")
    with pytest.raises(InUse, match="Model ELSE still answers for needing"):
        check_model_unneeded(yard.account, other)
    with yard.account.catalog.begin() as tx:
        store.unwant(tx, wanted.id)
    check_model_unneeded(yard.account, other)
