"""No function of ours has the name of one in a library: the library would call ours in its place."""
import os
import re
import shutil
import subprocess

import pytest


def symbols(path, *options):
    out = subprocess.run(["nm", *options, path], capture_output=True, text=True, check=False).stdout
    words = (line.split() for line in out.splitlines())
    return {w[-1].split("@")[0] for w in words if len(w) == 3 and w[1] == "T"}


@pytest.mark.skipif(not shutil.which("nm") or not shutil.which("ldd"), reason="nm or ldd is not there")
def test_no_name_is_a_librarys(binary):
    """The LDAP library logs in by SASL functions of its own library; with ours in their place lookup died of it."""
    if os.environ.get("ABIDE_BUILD", "build").endswith(("asan", "tsan")):
        pytest.skip("a sanitizer takes names of the C library on purpose")
    ours = {s for s in symbols(binary) if not s.startswith("_")}
    libraries = re.findall(r"=> (/\S+)", subprocess.run(["ldd", binary], capture_output=True, text=True,
                                                        check=True).stdout)
    assert len(ours) > 1000 and len(libraries) > 3
    clashes = {path: sorted(ours & symbols(path, "-D", "--defined-only")) for path in libraries}
    assert not any(clashes.values()), {k: v for k, v in clashes.items() if v}


@pytest.mark.skipif(not shutil.which("nm") or not shutil.which("ldd"), reason="nm or ldd is not there")
def test_what_few_processes_use_is_loaded_by_these_alone(binary):
    """A dozen processes load what the program is linked with, at each start; and libraries must not call our forwarders."""
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    assert not re.search(r"lib(curl|ldap|lber|unbound|gnutls)[.-]", linked), linked
    late = {s for s in symbols(binary) if s.startswith(("curl_", "ldap_", "ub_"))}
    assert {"curl_easy_perform", "ldap_initialize", "ub_resolve_event"} <= late
    assert not late & symbols(binary, "-D", "--defined-only")
