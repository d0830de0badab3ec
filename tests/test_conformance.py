"""What SMTP asks for, check by check, on abide; `make conformance` shows it beside Postfix and Exim."""
import pytest

from conformance.run import ABSENT, CHECKS, FAILED, Stage, run_one
from conformance.servers import AbideServer

# What this version does not offer; all else that it promises is checked.
NOT_OFFERED = ("DSN",)


@pytest.fixture(scope="module")
def stage(binary, serves):
    s = Stage(AbideServer, binary)
    yield s
    s.destroy()


@pytest.mark.parametrize("check", CHECKS, ids=[c.name for c in CHECKS])
def test_conformance(stage, check):
    verdict, why = run_one(stage.world, check)
    assert verdict != FAILED, f"{check.rfc}: {why}; {check.loses}"
    if verdict == ABSENT:
        assert why.split()[0] in NOT_OFFERED, why
        pytest.skip(why)


def test_there_are_enough(stage):
    assert len(CHECKS) >= 120
