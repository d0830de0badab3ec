#!/usr/bin/python3
"""grey_filter - greylisting for an OpenSMTPD: a filter by its protocol (smtpd-filters(7)), for bench/ only.

usage: grey_filter.py SECONDS RECORD
Answers a pair of sender and recipient with 451 until SECONDS after it came first. RECORD gets a line for each RCPT.
"""
import sys
import time


def main():
    wait, record = float(sys.argv[1]), open(sys.argv[2], "a", encoding="utf-8", buffering=1)
    senders, first = {}, {}
    for line in sys.stdin:
        part = line.rstrip("\n").split("|")
        if part[:2] == ["config", "ready"]:
            print("register|filter|smtp-in|mail-from\nregister|filter|smtp-in|rcpt-to\nregister|ready", flush=True)
        if part[0] != "filter" or len(part) < 8:
            continue
        phase, session, token, address = part[4], part[5], part[6], part[7]
        verdict = "proceed"
        if phase == "mail-from":
            senders[session] = address
        else:
            began = first.setdefault((senders.get(session), address), time.monotonic())
            if time.monotonic() - began < wait:
                verdict = "reject|451 4.7.1 Greylisting in action, please come back later"
            record.write(f"{verdict[:7]} {address}\n")
        print(f"filter-result|{session}|{token}|{verdict}", flush=True)


if __name__ == "__main__":
    main()
