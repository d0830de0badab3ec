"""The table of abide, Postfix and Exim. Exit status 1 where abide fails a check."""
import os
import signal
import sys

from .run import FAILED, print_table, run_all

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(os.path.abspath(os.environ.get("ABIDE_BUILD", os.path.join(TOP, "build"))), "abide")



def ended(_signal, _frame):
    """What was started is ended on the way out."""
    raise SystemExit(1)


signal.signal(signal.SIGTERM, ended)
found = run_all(BINARY)
print_table(found)
sys.exit(not isinstance(found.get("abide"), list) or any(v == FAILED for v, _ in found["abide"]))
