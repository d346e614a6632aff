"""A `keyfold agent` in test mode, with passkeys in memory."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


@contextlib.contextmanager
def running_agent(keyfold):
    """What an agent says as it is ready; it ends with the block, and well."""
    with tempfile.TemporaryDirectory(prefix="keyfold-") as folder:
        command = [keyfold, "agent", "--test-mode", "--memory", "--json", "--udp", "127.0.0.1:0"]
        command += ["--socket", str(Path(folder, "agent.sock"))]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready = started.stdout.readline()
        if not ready:
            sys.exit(f"the agent did not start: {started.stderr.read()}")
        try:
            yield json.loads(ready)
        finally:
            started.send_signal(signal.SIGINT)
            ended = started.wait(timeout=30)
        if ended != 0:
            sys.exit(f"the agent ended with {ended}")
