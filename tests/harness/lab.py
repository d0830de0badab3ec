"""`abide lab` as a test's destination."""
import json
import os

from .process import Process


def parse_record(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


class Lab(Process):
    """.port; .out holds the record; .messages() what was taken."""

    def __init__(self, abide, directory, behaviour=None, keep=False, port=0, args=(), host="127.0.0.1", path=None):
        argv = [abide, "lab", "--listen", path or f"{host}:{port}", "--max-time", "120", *args]
        behaviours = [behaviour] if isinstance(behaviour, str) else behaviour or []
        for b in behaviours:
            argv += ["--behaviour", b]
        self.keep = None
        if keep:
            self.keep = directory
            argv += ["--keep", directory]
        super().__init__(argv, "lab", parse_out=parse_record)
        self.port = int(self.log.wait(event="ready")["port"])

    def messages(self, recipient=None):
        found = self.out.find(event="message")
        return [m for m in found if recipient is None or recipient in m["rcpts"]]

    def refused(self, **fields):
        return self.out.find(event="refused", **fields)

    def wait_message(self, count=1, **kw):
        return self.out.wait(count=count, event="message", **kw)

    def wait_for(self, recipient, count=1, **kw):
        return self.out.wait(count=count, event="message",
                             match=lambda e: recipient in e["rcpts"], **kw)

    def content(self, message):
        """The bytes that were kept (keep=True)."""
        with open(os.path.join(self.keep, os.path.basename(message["kept"])), "rb") as f:
            return f.read()

    def destroy(self):
        """Asked to end, so that a sanitizer has its say."""
        status = self.stop(20) if self.alive() else 0
        super().destroy()
        assert not self.sanitizer_report(), self.sanitizer_report()
        assert status == 0, f"the lab ended with {status}"
