"""The network of an incident: all addresses are on its loopback, as public ones."""
import ipaddress
import os
import subprocess

from harness.peers import PATH

OURS, OURS6 = "192.0.2.25", "2001:db8:0:25::25"
NETWORKS = ("192.0.2.1/24", "198.51.100.1/24", "203.0.113.1/24", "198.18.0.1/15")


def run(*argv, **kw):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                          env=dict(os.environ, PATH=PATH), **kw)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stdout.decode(errors='replace')}")
    return done.stdout.decode()


def nft(*lines):
    run("nft", "-f", "-", input=("\n".join(lines) + "\n").encode())


def lift_network():
    run("ip", "link", "set", "lo", "up")
    for net in NETWORKS:
        run("ip", "addr", "add", net, "dev", "lo")
    with open("/proc/sys/net/ipv6/ip_nonlocal_bind", "w", encoding="ascii") as f:
        f.write("1")
    run("ip", "-6", "addr", "add", OURS6 + "/64", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "2001:db8:1::/48", "dev", "lo")
    for net in NETWORKS:  # what is not bound goes out from our address
        base = str(ipaddress.ip_interface(net).network)
        run("ip", "route", "replace", "local", base, "dev", "lo", "table", "local", "src", OURS)
    run("ip", "route", "add", "default", "dev", "lo", "src", OURS)
    run("ip", "-6", "route", "add", "default", "dev", "lo")
    nft("add table inet t", "add chain inet t in { type filter hook input priority 0; }",
        "add chain inet t out { type filter hook output priority 0; }")
