"""A postmaster's own rules about replies: where they are wrong, and that delivery follows them."""
import json
import os
import signal
import subprocess

RULE = 'rule "partner is full" {\n  code = 45\n  stage = rcpt\n  cause = storage_full\n  wait = 6s\n}\n'


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o644)
    return path


def test_delivery_follows_the_rules(abide, lab, directory):
    """Else what a postmaster knows about a partner would change what is shown, but not what is done."""
    x = lab()
    path = write(os.path.join(directory, "replies.conf"), RULE)
    a = abide(routes={"*": x.port}, extra=f'reply_rules = "{path}"')
    rcpt = "greylist-2-unstated@dst.test"
    a.send(recipients=[rcpt])
    d = a.wait_fate(rcpt, "deferred")
    assert (d["cause"], int(d["wait"])) == ("storage_full", 6), d
    x.wait_for(rcpt)


def test_a_wrong_file_leaves_the_old_rules(abide, lab, directory):
    """A slip of the finger in the rules must not stop the mail, nor silently drop them."""
    x = lab()
    path = write(os.path.join(directory, "replies.conf"), RULE)
    a = abide(routes={"*": x.port}, extra=f'reply_rules = "{path}"')
    write(path, RULE.replace("storage_full", "storage_ful"))
    a.process.signal(signal.SIGHUP)
    a.log.wait(event="config_wrong", match=lambda e: f"{path}:4:" in e["error"])
    a.log.wait(event="config_refused")
    rcpt = "greylist-2-unstated@dst.test"
    a.send(recipients=[rcpt])
    assert a.wait_fate(rcpt, "deferred")["cause"] == "storage_full"
    write(path, RULE.replace("storage_full", "server_overloaded"))
    a.process.signal(signal.SIGHUP)
    a.log.wait(event="reloaded")
    rcpt = "greylist-3-unstated@dst.test"
    a.send(recipients=[rcpt])
    assert a.wait_fate(rcpt, "deferred")["cause"] == "server_overloaded"


def test_check_tells_the_line_of_a_wrong_rule(binary, directory):
    """Else one wrong sign among hundreds of rules would have to be looked for."""
    rules = write(os.path.join(directory, "replies.conf"), RULE + 'rule two {\n  text = "Full"\n  cause = virus\n}\n')
    path = write(os.path.join(directory, "abide.conf"),
                 f'hostname = mx.example.org\nreply_rules = "{rules}"\nlisten "127.0.0.1:2525" {{ protocol = smtp }}\n')
    done = subprocess.run([binary, "check", "-c", path], capture_output=True, text=True, check=False)
    assert done.returncode == 78 and f"{rules}:8: rule \"two\".text" in done.stderr
    write(rules, RULE)
    done = subprocess.run([binary, "check", "-c", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    os.unlink(rules)
    done = subprocess.run([binary, "check", "-c", path], capture_output=True, text=True, check=False)
    assert done.returncode == 78 and "reply_rules" in done.stderr and rules in done.stderr


def test_explain_tries_rules_out(binary, directory):
    """Else a rule could only be tried on real mail."""
    path = write(os.path.join(directory, "replies.conf"), RULE)
    done = subprocess.run([binary, "explain", "--json", "--stage", "rcpt", "--rules", path, "450 4.2.0 whatever"],
                          capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert (answer["cause"], answer["wait"], answer["wait_source"]) == ("storage_full", 6, "learned")
    assert answer["evidence"] == "partner is full"
    write(path, "rule x {\n}\n")
    done = subprocess.run([binary, "explain", "--rules", path, "450 x"], capture_output=True, text=True, check=False)
    assert done.returncode == 78 and f"{path}:1:" in done.stderr
