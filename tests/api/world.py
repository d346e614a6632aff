"""A keyfoldd with a tenant, a member's device, a passkey and a client that may ask all of it: what the API is asked about."""

import base64
import datetime
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading
import time

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto import jwk, jwt

RP_ID = "shop.example"
BOTH_SCOPES = "evidence compliance"


class World:
    """Ends with the `with` that began it."""

    def __init__(self, programs, folder):
        self._programs, self._folder = programs, folder
        self._domain = Domain(folder)
        self.log = folder / "keyfoldd.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"https://localhost:{port}"
        self._settings = [
            "--data-dir", folder / "server", "--listen", f"127.0.0.1:{port}", "--public-url", self.url,
        ]
        self._environment = os.environ | {
            # What a run asks in a minute is more than anybody may.
            "KEYFOLD_RATES__ANONYMOUS_PER_MINUTE": "1000000",
            "KEYFOLD_RATES__CLIENT_PER_SECOND": "100000",
            "KEYFOLD_DOMAINS__HOSTS": f"{RP_ID}=127.0.0.1:{self._domain.port}",
            "KEYFOLD_DOMAINS__CA": str(self._domain.ca),
            "KEYFOLD_LOG__LEVEL": "warn",
        }
        (folder / "server").mkdir(mode=0o700)
        (folder / "passphrase").write_text("correct horse battery staple\n")
        self.ca = folder / "server" / "ca.pem"
        self._process = None

    def __enter__(self):
        try:
            self._serve()
            self._found()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.kill()
            self._process.wait()
        self._domain.close()

    def lives(self):
        return self._process.poll() is None

    def token(self, scope=BOTH_SCOPES):
        """An access token: good for five minutes."""
        answer = self.session().post(f"{self.issuer}/token", data=self.token_request() | {"scope": scope}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def token_request(self):
        """The form of a client that shows who it is, which is good once."""
        now = int(time.time())
        claims = {
            "iss": self.client, "sub": self.client, "aud": self.issuer,
            "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(),
        }
        assertion = jwt.JWT(header={"alg": "ES256", "kid": self._key.key_id}, claims=claims)
        assertion.make_signed_token(self._key)
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion.serialize(),
        }

    def session(self):
        """A requests session that trusts this server alone."""
        session = requests.Session()
        session.verify = str(self.ca)
        session.trust_env = False
        return session

    def _serve(self):
        command = [self._programs / "keyfoldd", "serve", "--ready-file", "/dev/stdout", *self._settings]
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout.readline(), f"keyfoldd does not start: {self.log.read_text()}"

    def _found(self):
        root = self._folder / "root.age"
        made = self._operate(
            "init", "--name", "Example Ltd.", "--country", "DE", "--root", root,
            "--root-passphrase-file", self._folder / "passphrase",
        )
        self.tenant, self.issuer = made["tenant"], made["url"]
        rule = {
            "id": "rule", "requirement": {"agent-version": {"at-least": "0.1"}},
            "severity": "non-compliant", "grace-days": 0,
        }
        self._of_tenant("compliance", "set", self._file("policy", {"id": "policy", "name": "Policy", "rules": [rule]}))
        self._key = jwk.JWK.generate(kty="EC", crv="P-256", kid=secrets.token_hex(4), alg="ES256", use="sig")
        keys = self._file("keys", {"keys": [self._key.export_public(as_dict=True)]})
        self.client = self._of_tenant("client", "add", "Shop", "--keys", keys, "--scope", BOTH_SCOPES)["client"]
        self._domain.says = self._of_tenant("rp-id", "add", self.client, RP_ID)["line"] + "\n"
        assert self._of_tenant("rp-id", "prove", self.client, RP_ID)["proved"]

        self._device("account", "create", "--server", self.url, "--name", "Ana's laptop")
        invited = self._of_tenant("member", "invite", "Ana")["code"]
        self._device("tenant", "join", invited, "--confirm", "Example Ltd.")
        self._device("tenant", "report")
        self.device = self._device("status")["device"]
        self._make_passkey()

    def _make_passkey(self):
        """What the three routes of relying parties are asked, with true answers."""
        challenge, origin = _drawn(), f"https://{RP_ID}"
        options = {
            "rp": {"id": RP_ID, "name": RP_ID}, "user": {"id": _drawn(), "name": "ana", "displayName": "Ana"},
            "challenge": challenge, "pubKeyCredParams": [{"type": "public-key", "alg": -7}], "attestation": "direct",
        }
        response = self._device("webauthn", "create", "--origin", origin, "--yes", given=options)
        self.registration = {"asked": _asked(challenge), "response": response}
        headers = {"Authorization": f"Bearer {self.token()}"}
        told = self.session().post(
            f"{self.url}/v1/rp/registrations", json=self.registration, headers=headers, timeout=60
        ).json()
        credential = told["credential"]
        known = {name: credential[name] for name in ("public_key", "backup_eligible")} | {"sign_count": 0}
        challenge = _drawn()
        options = {
            "challenge": challenge, "rpId": RP_ID, "userVerification": "required",
            "allowCredentials": [{"type": "public-key", "id": credential["id"]}],
        }
        response = self._device("webauthn", "get", "--origin", origin, "--yes", given=options)
        self.assertion = {"asked": _asked(challenge), "credential": known, "response": response}
        self.passkey = {"rp_id": RP_ID, "credential_id": credential["id"], "public_key": credential["public_key"]}

    def _file(self, name, content):
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return path

    def _operate(self, *arguments):
        return self._told([self._programs / "keyfoldd", *arguments, *self._settings, "--json"])

    def _of_tenant(self, *arguments):
        return self._operate(*arguments, "--tenant", self.tenant)

    def _device(self, *arguments, given=None):
        home, passphrase = self._folder / "home", self._folder / "passphrase"
        options = ["--home", home, "--ca", self.ca, "--passphrase-file", passphrase]
        return self._told([self._programs / "keyfold", *options, *arguments, "--json"], given)

    def _told(self, command, given=None):
        text = "" if given is None else json.dumps(given)
        ran = subprocess.run(command, env=self._environment, input=text, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, f"{command}: {ran.stderr}{ran.stdout}"
        return json.loads(ran.stdout)


class Domain:
    """The relying party's domain on loopback, under a CA of its own, which says what it is told to."""

    def __init__(self, folder):
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("The domain's CA", ca_key, "The domain's CA", ca_key, x509.BasicConstraints(True, 0))
        names = x509.SubjectAlternativeName([x509.DNSName(RP_ID)])
        own = _certificate(RP_ID, key, "The domain's CA", ca_key, names)
        pem, pkcs8, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.ca, chain = folder / "domain-ca.pem", folder / "domain.pem"
        self.ca.write_bytes(ca.public_bytes(pem))
        chain.write_bytes(key.private_bytes(pem, pkcs8, plain) + own.public_bytes(pem))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(chain)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.says = ""
        # It ends with the process.
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            with stream, self._tls.wrap_socket(stream, server_side=True) as tls:
                tls.recv(8_192)
                head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(self.says)}\r\n\r\n"
                tls.sendall((head + self.says).encode())


def _certificate(name, key, issuer, issuer_key, extension):
    common = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    blank = x509.CertificateBuilder().subject_name(common(name)).issuer_name(common(issuer))
    blank = blank.public_key(key.public_key()).serial_number(x509.random_serial_number())
    blank = blank.not_valid_before(now - day).not_valid_after(now + day).add_extension(extension, critical=False)
    return blank.sign(issuer_key, hashes.SHA256())


def _asked(challenge):
    return {"rp_id": RP_ID, "origins": [f"https://{RP_ID}"], "challenge": challenge}


def _drawn():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
