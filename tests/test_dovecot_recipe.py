"""doc/dovecot.md, word for word, on a machine of its own: namespaces with a copy of /etc, /var and /run."""
import os
import re
import shutil
import subprocess

import pytest

from harness.peers import TOP, need_root

PLACE = r"""
set -e
mount -t tmpfs tmpfs "$1"
for d in etc var run; do
    mkdir "$1/$d" "$1/$d.work"
    mount -t overlay overlay -o "lowerdir=/$d,upperdir=$1/$d,workdir=$1/$d.work" "/$d"
done
rm -rf /run/dovecot
ip link set lo up
mount -t proc proc /proc
"""


def script():
    """The blocks of the page in their order, as one shell script."""
    with open(os.path.join(TOP, "doc", "dovecot.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```(sh|python)\n(.*?)^```\n", f.read(), re.S | re.M)
    assert [kind for kind, _ in blocks] == ["sh", "sh", "sh", "sh", "sh", "python"]
    return "".join(b if kind == "sh" else f"/usr/bin/python3 - <<'PYTHON'\n{b}PYTHON\n" for kind, b in blocks)


@pytest.mark.root
def test_the_recipe(binary, directory):
    """Whoever follows the page has mail by IMAP and POP3 at its end."""
    need_root()
    if not os.path.exists("/usr/lib/dovecot/lmtp") or not shutil.which("unshare"):
        pytest.skip("dovecot-lmtpd is not installed (tools/setup test)")
    env = dict(os.environ, PATH=os.path.dirname(binary) + ":/usr/sbin:/usr/bin:/sbin:/bin",
               DEBIAN_FRONTEND="noninteractive")
    probe = subprocess.run(["unshare", "-mnp", "--fork", "true"], check=False)
    if probe.returncode != 0:
        pytest.skip("this machine gives no namespaces")
    done = subprocess.run(["unshare", "-mnp", "--fork", "sh", "-c", PLACE + script(), "sh", directory],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                          timeout=240, check=False)
    assert done.returncode == 0 and b"IMAP and POP3 have it" in done.stdout, done.stdout.decode(errors="replace")
