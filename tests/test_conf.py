"""abide check and abide config. Failing, they would let a wrong configuration go live."""
import os
import subprocess

GOOD = 'hostname = mx.example.org  user = nobody\nlisten "127.0.0.1:2525" { protocol = smtp }\n'


def abide(binary, *args):
    return subprocess.run([binary, *args], capture_output=True, text=True, timeout=60, check=False)


def check(binary, directory, text):
    path = os.path.join(directory, "abide.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path, abide(binary, "check", "-c", path)


def test_a_right_file_is_ok(binary, directory):
    path, done = check(binary, directory, GOOD + 'route "*" { to = "127.0.0.1:2526" }\n')
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: ok\n", "")


def test_mx_stands_alone(binary, directory):
    """A list of hosts and the DNS's list would be two answers to one question."""
    for to in ("mx", "mx:2525"):
        assert check(binary, directory, GOOD + f'route "*" {{ to = "{to}" }}\n')[1].returncode == 0
    path, done = check(binary, directory, GOOD + 'route "*" {\n  to = {"mx", "127.0.0.1:25"}\n}\n')
    assert done.returncode == 78 and done.stdout == ""
    assert done.stderr == (f'{path}:4: route "*".to: mx stands alone: the DNS names the hosts; leave the '
                           "others out\n")


def test_every_error_is_shown(binary, directory):
    path, done = check(binary, directory, GOOD + "limits {\n sessions = a\n}\ntimeouts { idle = b }\n")
    assert done.returncode == 78
    assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [f"{path}:4:", f"{path}:6:"]


def test_a_name_without_address_is_a_warning(binary, directory):
    """serve would start, and its mail would wait."""
    path, done = check(binary, directory, GOOD + 'route "*" { to = "no-such-host.invalid:25" }\n')
    assert done.returncode == 0
    assert done.stderr.startswith(f"{path}:3: warning: route \"*\".to: \"no-such-host.invalid\" has no address")


def test_a_missing_file_is_no_input(binary, directory):
    done = abide(binary, "check", "-c", os.path.join(directory, "none.conf"))
    assert done.returncode == 66 and "none.conf" in done.stderr


def test_wrong_use(binary):
    assert abide(binary, "check", "extra").returncode == 64
    assert abide(binary, "config", "extra").returncode == 64


def test_the_reference_is_printed(binary):
    done = abide(binary, "config")
    assert done.returncode == 0
    for key in ["hostname", "relay_from", "message_size", "greeting", "give_up", "protocol"]:
        assert f"\n    {key} = " in done.stdout
