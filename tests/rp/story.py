"""The main story, played with the real programs: a passkey made on device A signs in from device B.

Each step prints a line with what was proved. Between the devices and the server stands a relay that ends TLS, as a curious
operator's proxy could, and keeps every byte; in the end neither those bytes nor the server's files may hold the relying
party's id, the user's name, the credential id or the private key, raw or in hex or base64.
"""

import argparse
import base64
import errno
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from relay import Relay

HERE = Path(__file__).resolve().parent
RP_ID = "shop.example"
USER = "ana.quickstart@shop.example"


class Broken(Exception):
    """A step of the story did not hold."""


def main() -> int:
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = args.data.resolve()
    data.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="keyfold-story-") as scratch:
        try:
            Story(args.programs.resolve(), data, args.port, Path(scratch)).play()
        except (Broken, OSError, subprocess.SubprocessError) as broken:
            print(f"\n✗ {why(broken)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    print("\nEvery step held.")
    return 0 if args.once else stay(args.programs.resolve(), data, args.port)


def why(broken: Exception) -> str:
    """One line, and the mend where it is known."""
    if isinstance(broken, OSError) and broken.errno == errno.EADDRINUSE:
        return "the port is in use. Mend: stop what listens there, or choose another with KEYFOLD_PORT"
    if isinstance(broken, subprocess.TimeoutExpired):
        return f"{Path(broken.cmd[0]).name} does not come to an end"
    if isinstance(broken, subprocess.CalledProcessError):
        return f"{Path(broken.cmd[0]).name} failed: {(broken.stderr or '').strip()}"
    return str(broken)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the folder of keyfoldd and keyfold")
    parser.add_argument("--data", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--once", action="store_true", help="end after the story")
    return parser.parse_args()


class Server:
    """keyfoldd; ready when it has said so."""

    def __init__(self, programs: Path, data: Path, url: str, *listen: str):
        command = [str(programs / "keyfoldd"), "serve", "--data-dir", str(data), "--public-url", url, *listen]
        read, write = os.pipe()
        self.log = open(data / "keyfoldd.log", "ab")
        self.process = subprocess.Popen(
            [*command, "--ready-file", f"/dev/fd/{write}"], pass_fds=[write], stdout=self.log, stderr=self.log
        )
        os.close(write)
        try:
            with os.fdopen(read, "rb") as ready:
                said = ready.readline()
        except BaseException:
            self.process.kill()
            raise
        if not said:
            tail = (data / "keyfoldd.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise Broken(f"keyfoldd did not start: {' '.join(tail)}")
        self.addresses = json.loads(said)

    def stop(self) -> None:
        if self.end() != 0:
            raise Broken("keyfoldd did not end cleanly")

    def end(self) -> int:
        self.log.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Story:
    def __init__(self, programs: Path, data: Path, port: int, scratch: Path):
        self.programs, self.data, self.scratch = programs, data, scratch
        self.port = port
        self.url = f"https://localhost:{port}"
        self.passphrase = scratch / "passphrase"
        self.passphrase.write_text(secrets.token_urlsafe(18) + "\n")
        self.step_number = 0
        self.before = (0, 0)

    def play(self) -> None:
        server = Server(
            self.programs, self.data, self.url, "--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0",
            "--sign-up", "open",
        )
        try:
            port = int(server.addresses["plain_listen"].rsplit(":", 1)[1])
            self.relay = Relay(self.port, port, self.data / "ca.pem", self.data / "ca.key")
            self.said(f"keyfoldd serves {self.data} (SQLite, its own CA); a relay on {self.url} sees what any proxy could")
            self.steps()
            self.relay.close()
            self.while_it_ran = self.files("while it ran")
        finally:
            server.stop()
        self.restart()
        self.search()

    def steps(self) -> None:
        self.keyfold("a", "account", "create", "--server", self.url, "--name", "Device A")
        self.said("device A founded an account: its keys are the account")

        made = self.register()
        self.expect(made, backup_eligible=True, backed_up=False, user_verified=True)
        self.credential = made["credential_id"]
        self.said(f"device A made a passkey for {RP_ID}; PyPI webauthn accepted it: BE=1 BS=0 UV=1, format none")

        alone = self.sign_in("a")
        self.expect(alone, backup_eligible=True, backed_up=False, user_verified=True)
        self.said("device A signed in with it: BS=0, for no second device could restore it yet")

        self.enrol()
        self.said("device A let device B in: B's QR code, read from a file, stood for the eye")

        numbers = [self.keyfold(device, "safety-number")["safety_number"] for device in "ab"]
        if numbers[0] != numbers[1]:
            raise Broken(f"the safety numbers differ: {numbers}")
        self.said(f"both devices show the safety number {numbers[0]}")

        synced = self.sign_in("b")
        self.expect(synced, backup_eligible=True, backed_up=True, user_verified=True)
        self.said("device B signed in with device A's passkey; PyPI webauthn accepted it: BE=1 BS=1 UV=1")

        self.refuse_changed()
        self.said("the same library refused B's answer with one byte changed")

        again = self.sign_in("a")
        self.expect(again, backup_eligible=True, backed_up=True, user_verified=True)
        self.said("device A signed in again: BS=1 now, for B could restore it")

    def register(self) -> dict:
        options = self.shop("register-options", "--rp-id", RP_ID, "--user", USER)
        response = self.webauthn("a", "create", options)
        return json.loads(self.shop("register-verify", stdin=response))

    def sign_in(self, device: str) -> dict:
        response = self.webauthn(device, "get", self.shop("sign-in-options"))
        return json.loads(self.shop("sign-in-verify", stdin=response))

    def refuse_changed(self) -> None:
        response = json.loads(self.webauthn("b", "get", self.shop("sign-in-options")))
        signature = bytearray(unbase64url(response["response"]["signature"]))
        signature[-1] ^= 1
        response["response"]["signature"] = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        verdict = json.loads(self.shop("sign-in-verify", stdin=json.dumps(response), may_refuse=True))
        if verdict["accepted"]:
            raise Broken("the relying party accepted a changed signature")

    def enrol(self) -> None:
        qr = self.scratch / "qr.txt"
        os.mkfifo(qr)
        enroll = self.start("b", "device", "enroll", "--server", self.url, "--name", "Device B", "--qr-file", str(qr))
        code = qr.read_text()
        self.keyfold("a", "device", "approve", "--qr", "-", "--yes", stdin=code)
        out, err = enroll.communicate(timeout=120)
        if enroll.returncode != 0:
            raise Broken(f"device B was not enrolled: {err.strip() or out.strip()}")

    def restart(self) -> None:
        """The same data, served by keyfoldd itself on the public port: what was acknowledged is still there."""
        server = Server(self.programs, self.data, self.url, "--listen", f"127.0.0.1:{self.port}")
        try:
            self.keyfold("b", "sync")
            listed = self.keyfold("b", "passkey", "list")["passkeys"]
            if [passkey["rp_id"] for passkey in listed] != [RP_ID]:
                raise Broken(f"after a restart device B lists {listed}")
        finally:
            server.stop()
        self.said("keyfoldd was stopped and started again; device B synced: nothing was lost", wire=False)

    def search(self) -> None:
        """What the server must never have."""
        revealed = json.loads(
            subprocess.run(
                [self.programs / "reveal", self.scratch / "home" / "profiles" / "a", self.passphrase],
                check=True, capture_output=True, text=True,
            ).stdout
        )  # fmt: skip
        if revealed["credential_id"] != self.credential:
            raise Broken("the vault holds another passkey than the relying party accepted")
        hidden = {
            "RP id": RP_ID.encode(),
            "user name": USER.encode(),
            "credential id": unbase64url(self.credential),
            "private key": unbase64url(revealed["private_key"]),
        }
        places = self.while_it_ran | self.files("after it ended")
        if not any("-wal" in place for place in places):
            raise Broken("the database's write-ahead log was not searched")
        places["the bytes on the wire, TLS taken off"] = bytes(self.relay.sent + self.relay.received)
        # What the server may know is there: the search finds what is to be found.
        if not any(b"Device A" in content for content in places.values()):
            raise Broken("the search does not even find the device's name")
        for name, secret in hidden.items():
            for form, needle in forms(secret):
                for place, content in places.items():
                    if needle in content.lower() if form == "hex" else needle in content:
                        raise Broken(f"{place} holds the {name} ({form})")
        size = sum(len(content) for content in places.values())
        self.said(
            f"{', '.join(hidden)}: none of them, raw, in hex or base64, in {size:,} bytes: the server's database, "
            "write-ahead log, logs and keys, and all that went to and from it",
            wire=False,
        )

    def files(self, when: str) -> dict[str, bytes]:
        found = (path for path in sorted(self.data.rglob("*")) if path.is_file())
        return {f"{path} {when}": path.read_bytes() for path in found}

    def expect(self, verdict: dict, **expected) -> None:
        if not verdict.get("accepted"):
            raise Broken(f"the relying party refused: {verdict.get('reason')}")
        seen = {name: verdict[name] for name in expected}
        if seen != expected:
            raise Broken(f"the relying party saw {seen}, not {expected}")

    def said(self, what: str, wire: bool = True) -> None:
        self.step_number += 1
        counts = self.relay.counts()
        sent, received = (now - before for now, before in zip(counts, self.before))
        self.before = counts
        bytes_on_wire = f"  [{sent:,} bytes up, {received:,} down]" if wire and sent else ""
        print(f"✓ {self.step_number:2}  {what}{bytes_on_wire}", flush=True)

    def webauthn(self, device: str, ceremony: str, options: str) -> str:
        arguments = ("webauthn", ceremony, "--origin", f"https://{RP_ID}", "--yes")
        return json.dumps(self.keyfold(device, *arguments, stdin=options))

    def keyfold(self, device: str, *arguments: str, stdin: str = "") -> dict:
        process = self.start(device, *arguments)
        out, err = process.communicate(stdin, timeout=120)
        if process.returncode != 0:
            raise Broken(f"keyfold {' '.join(arguments[:2])} on device {device.upper()}: {err.strip()}")
        return json.loads(out) if out.strip() else {}

    def start(self, device: str, *arguments: str) -> subprocess.Popen:
        command = [self.programs / "keyfold", "--home", self.scratch / "home", "--profile", device, "--json"]
        command += ["--ca", self.data / "ca.pem", "--passphrase-file", self.passphrase, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def shop(self, step: str, *arguments: str, stdin: str = "", may_refuse: bool = False) -> str:
        command = [sys.executable, HERE / "rp.py", self.scratch / "shop.json", step, *arguments]
        ran = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if ran.returncode != 0 and not may_refuse:
            raise Broken(f"the relying party's {step}: {(ran.stdout or ran.stderr).strip()}")
        return ran.stdout


def forms(secret: bytes):
    """How bytes may stand in a file. Base64 depends on where the bytes begin among three, so each beginning is searched
    for, without the letters that their neighbours would change."""
    yield "raw", secret
    yield "hex", secret.hex().encode()
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            encoded = alphabet(bytes(offset) + secret).rstrip(b"=")
            start = (0, 2, 3)[offset]
            whole = (len(secret) + offset) // 3 * 4
            yield "base64", encoded[start:whole]


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def stay(programs: Path, data: Path, port: int) -> int:
    """Leaves a server running until somebody ends it; a failure if it ends by itself."""
    url = f"https://localhost:{port}"
    try:
        server = Server(programs, data, url, "--listen", f"127.0.0.1:{port}")
    except (Broken, OSError) as broken:
        print(f"\n✗ {why(broken)}", file=sys.stderr)
        return 1
    print(f"\nkeyfoldd serves {url} until Ctrl-C. Its CA is {data / 'ca.pem'}; for example:\n")
    print(f"  {programs / 'keyfold'} --ca {data / 'ca.pem'} account create --server {url}\n", flush=True)
    try:
        server.process.wait()
        print(f"\n✗ keyfoldd ended; see {data / 'keyfoldd.log'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        server.end()


if __name__ == "__main__":
    sys.exit(main())
