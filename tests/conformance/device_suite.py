"""Runs python-fido2's device tests against a `keyfold agent`: python3 device_suite.py KEYFOLD SUITE

KEYFOLD is the program, SUITE the folder of python-fido2's source distribution.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from running_agent import running_agent

HERE = Path(__file__).resolve().parent

# How many pass at least, and why others may be skipped, as the suite words it.
LINES = {"socket": 61, "udp": 62}
MAY_BE_SKIPPED = {
    "Algorithm ES256K not supported",
    "Algorithm ES512 not supported",
    "Algorithm MLDSA65 not supported",
    "Algorithm MLDSA87 not supported",
    "Algorithm PS256 not supported",
    "Algorithm RS256 not supported",
    "BioEnrollment not supported by authenticator",
    "Enterprise Attestation not supported",
    "previewSign not supported by authenticator",
    "thirdPartyPayment not supported by authenticator",
}
ONLY_OVER = {"socket": {"Device is not a CtapHidDevice"}, "udp": set()}


def run(line, ready, suite):
    """The suite over one line: how many passed, and the reasons of those that were skipped."""
    environment = dict(os.environ, KEYFOLD_LINE=line, KEYFOLD_SOCKET=ready["socket"], PYTHONPATH=str(HERE))
    environment["KEYFOLD_UDP"] = ready["udp"].rpartition(":")[2]
    command = [sys.executable, "-m", "pytest", "-p", "keyfold_device", "-p", "no:cacheprovider", "--quiet", "tests/device"]
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"python-fido2's device tests over {line}:\n{done.stdout}\n{done.stderr}")
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    skipped = dict((reason, int(number)) for number, reason in re.findall(r"^skipped (\d+): (.+)$", done.stdout, re.MULTILINE))
    return int(passed.group(1)), skipped


def main():
    keyfold, suite = sys.argv[1], Path(sys.argv[2])
    for line, least in LINES.items():
        with running_agent(keyfold) as ready:
            passed, skipped = run(line, ready, suite)
        print(f"python-fido2 over {line}: {passed} passed, {sum(skipped.values())} skipped")
        for reason, number in skipped.items():
            print(f"  skipped {number}: {reason}")
        unknown = set(skipped) - MAY_BE_SKIPPED - ONLY_OVER[line]
        if unknown:
            sys.exit(f"tests were skipped for reasons that are not known here: {sorted(unknown)}")
        if passed < least:
            sys.exit(f"only {passed} passed, and once it were {least}")


main()
