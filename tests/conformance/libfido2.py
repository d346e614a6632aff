"""Has libfido2 tell its story to a `keyfold agent`: python3 libfido2.py KEYFOLD OUT

KEYFOLD is the program, OUT the folder into which `libfido2_story.c` is compiled.
"""

import os
import subprocess
import sys
from pathlib import Path

from running_agent import running_agent

HERE = Path(__file__).resolve().parent

FLAGS = ["-Wall", "-Wextra", "-Werror", "-O1"]
# It waits for ten seconds to go by, and takes a few more.
SECONDS = 120


def libfido2(*what):
    """What pkg-config says of it."""
    try:
        asked = subprocess.run(["pkg-config", *what, "libfido2"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        sys.exit("pkg-config is missing. Mend: apt-get install pkg-config")
    if asked.returncode != 0:
        sys.exit(f"libfido2's headers are missing. Mend: apt-get install libfido2-dev\n{asked.stderr}")
    return asked.stdout.split()


def compiled(out):
    out.mkdir(parents=True, exist_ok=True)
    program = out / "libfido2_story"
    command = ["cc", *FLAGS, *libfido2("--cflags"), str(HERE / "libfido2_story.c"), "-o", str(program)]
    done = subprocess.run(command + libfido2("--libs"), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"libfido2_story.c does not compile:\n{done.stderr}")
    return program


def run(program, ready):
    # It would print every packet.
    environment = {name: value for name, value in os.environ.items() if name != "FIDO_DEBUG"}
    command = [str(program), ready["udp"].rpartition(":")[2]]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"the story was not told in {SECONDS} seconds"
    return None if done.returncode == 0 else f"the story ended with {done.returncode}"


def main():
    keyfold, out = sys.argv[1], Path(sys.argv[2])
    program = compiled(out)
    print(f"libfido2 {libfido2('--modversion')[0]} over udp", flush=True)
    with running_agent(keyfold) as ready:
        failure = run(program, ready)
    if failure:
        sys.exit(failure)


main()
