"""Several addresses of ours: each stands for itself at every site, and one that a site lists is spared there."""
import socket
import threading

import pytest

from harness.process import wait_until

LISTED = b"550 5.7.1 Service unavailable; Client host [%s] blocked using zen.spamhaus.org"


class Site:
    """A destination that knows its clients by their address."""

    def __init__(self, lists=()):
        self.lists, self.taken, self.refused, self.helo = set(lists), [], [], {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, peer = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_quietly, args=(client, peer[0]), daemon=True).start()

    def serve_quietly(self, client, source):
        try:
            self.serve(client, source)
        except OSError:
            pass  # abide closes after a refusal

    def serve(self, client, source):
        with client, client.makefile("rb") as lines:
            def say(text):
                client.sendall(text + b"\r\n")
            say(b"220 site")
            recipient, in_data = "", False
            for line in lines:
                line = line.rstrip(b"\r\n")
                verb = line[:4].upper()
                if in_data:
                    if line == b".":
                        in_data = False
                        self.taken.append((source, recipient))
                        say(b"250 2.0.0 taken")
                elif verb == b"EHLO":
                    self.helo[source] = line.split()[1].decode()
                    say(b"250 site")
                elif verb == b"RCPT" and source in self.lists:
                    self.refused.append(source)
                    say(LISTED % source.encode())
                elif verb == b"RCPT":
                    recipient = line.split(b"<")[1].split(b">")[0].decode()
                    say(b"250 2.1.5 ok")
                elif verb == b"DATA":
                    in_data = True
                    say(b"354 go")
                elif verb == b"QUIT":
                    say(b"221 bye")
                    return
                else:
                    say(b"250 ok")

    def close(self):
        self.listener.close()


@pytest.fixture
def site():
    made = []

    def make(**kw):
        made.append(Site(**kw))
        return made[-1]
    yield make
    for s in made:
        s.close()


LONG = {"blocklisted": 'first = "1h" max = "4h" give_up = "2d"'}
SOURCES = 'source "127.0.0.2" { helo = "out2.abide.test" weight = 1 }\nsource "127.0.0.3" { weight = 1 }\n'


def test_the_sources_share_the_mail_and_a_sender_keeps_its_own(abide, site):
    """Greylisting would begin anew with each change of address; and one address must not carry all."""
    s = site()
    a = abide(routes={"*": s.port}, extra=SOURCES)
    for i in range(24):
        a.send(sender=f"s{i % 8}@src.test", recipients=(f"r{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 24, what="all messages")
    a.stop()
    a.start()
    for i in range(24, 48):
        a.send(sender=f"s{i % 8}@src.test", recipients=(f"r{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 48, what="all messages after the restart")
    by_sender = {}
    for source, recipient in s.taken:
        by_sender.setdefault(int(recipient[1:].split("@")[0]) % 8, set()).add(source)
    assert all(len(v) == 1 for v in by_sender.values()), by_sender
    assert {x for x, _ in s.taken} == {"127.0.0.2", "127.0.0.3"}
    assert s.helo == {"127.0.0.2": "out2.abide.test", "127.0.0.3": "mx.abide.test"}


def test_a_listed_source_is_spared_and_nothing_bounces(abide, site):
    """A listing of one address would bounce a part of all mail to that site, until somebody looks."""
    s = site(lists={"127.0.0.2"})
    a = abide(routes={"*": s.port}, extra=SOURCES, retry=LONG)
    for i in range(16):
        a.send(sender=f"s{i}@src.test", recipients=(f"r{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 16, what="all messages by the other address")
    assert {x for x, _ in s.taken} == {"127.0.0.3"}
    out = a.log.wait(event="source_out", source="127.0.0.2")
    assert out["cause"] == "blocklisted" and "127.0.0.3" in out["instead"]
    assert not a.log.find(event="bounced")
    assert len(s.refused) <= 4, "what is known is not tried again and again"
    a.wait_empty()


def test_it_is_known_after_a_restart(abide, site):
    """Each restart would spend messages on what is known."""
    s = site(lists={"127.0.0.2"})
    a = abide(routes={"*": s.port}, extra=SOURCES, retry=LONG)
    for i in range(8):
        a.send(sender=f"s{i}@src.test", recipients=(f"r{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 8, what="all messages by the other address")
    before = len(s.refused)
    a.stop()
    a.start()
    for i in range(8):
        a.send(sender=f"s{i}@src.test", recipients=(f"again{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 16, what="the messages after the restart")
    assert len(s.refused) == before


def test_where_all_are_listed_the_answer_counts(abide, site):
    """A message that no address of ours may bring must come back, not circle for ever."""
    s = site(lists={"127.0.0.2", "127.0.0.3"})
    a = abide(routes={"*": s.port}, extra=SOURCES)
    a.send(sender="s@src.test", recipients=("r@dst.test",))
    gone = a.wait_fate("r@dst.test", "bounced")
    assert gone["cause"] == "blocklisted"
    assert len(s.refused) >= 2


def test_it_is_tried_again_and_comes_home(abide, site):
    """A listing ends one day; the address must not stay idle, nor be tried with every message."""
    s = site(lists={"127.0.0.2"})
    a = abide(routes={"*": s.port}, extra=SOURCES,
              retry={"blocklisted": 'first = "1s" factor = 2 max = "4s" give_up = "1h"'})
    for i in range(8):
        a.send(sender=f"s{i}@src.test", recipients=(f"r{i}@dst.test",))
    wait_until(lambda: len(s.taken) == 8, what="all messages by the other address")
    s.lists.clear()
    sent = [8]

    def home():
        a.send(sender=f"s{sent[0] % 8}@src.test", recipients=(f"r{sent[0]}@dst.test",))
        sent[0] += 1
        return any(x == "127.0.0.2" for x, _ in s.taken)
    wait_until(home, what="a message by the address that was listed")
    assert a.log.wait(event="site_flows")["site"].endswith("from 127.0.0.2")
    wait_until(lambda: len(s.taken) == sent[0], what="all messages")
    assert not a.log.find(event="bounced")
