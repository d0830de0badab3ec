"""The list of checks. A check is a function of a World; its assertion says what is wrong."""

CHECKS = []


class Check:
    def __init__(self, rfc, loses, run):
        self.rfc, self.loses, self.run = rfc, loses, run
        self.name = run.__name__.replace("_", "-")


def check(rfc, loses):
    """rfc: where it is written; loses: what a user would lose where a server fails."""
    def add(run):
        assert all(c.name != run.__name__.replace("_", "-") for c in CHECKS), run.__name__
        CHECKS.append(Check(rfc, loses, run))
        return run
    return add
