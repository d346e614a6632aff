"""Relying parties in the browser, on PyPI `webauthn`: one for each host name under which this server is reached.

    relying_party.py        prints as JSON the ports that it listens on, on loopback, with and without TLS, and the SHA-256
                            of its certificate's key as browsers are told to trust it; serves until its standard input ends

Under TLS `related.test` signs in with the passkeys of `origin.test`, which says so (WebAuthn §5.11).
"""

import base64
import datetime
import hashlib
import json
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import webauthn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
<h1>{title}</h1>
<label>Name <input id="name" autocomplete="username webauthn"></label>
<p id="said"></p>
<script>
const ask = async (what, body) => (await fetch(what, {{method: "POST", body: JSON.stringify(body ?? {{}})}})).json();
async function register(user, changes, more) {{
  const options = Object.assign(await ask("/register/options", {{user}}), changes);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = (await navigator.credentials.create({{publicKey, ...more}})).toJSON();
  return {{...await ask("/register/verify", made), extensions: made.clientExtensionResults}};
}}
async function signIn(changes, more) {{
  const options = Object.assign(await ask("/sign-in/options"), changes);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const signed = (await navigator.credentials.get({{publicKey, ...more}})).toJSON();
  const {{authenticatorData}} = signed.response;
  return {{...await ask("/sign-in/verify", signed), extensions: signed.clientExtensionResults, authenticatorData}};
}}
</script>
"""

# Whose passkeys a site uses that is not its own.
RELATED = {"related.test": "origin.test"}
shops = {}
lock = threading.Lock()


class Shop:
    """One relying party."""

    def __init__(self, rp_id, origin, credentials):
        self.rp_id, self.origin = rp_id, origin
        self.challenges, self.credentials = {}, credentials

    def register_options(self, asked):
        options = webauthn.generate_registration_options(
            rp_id=self.rp_id,
            rp_name=f"The shop at {self.rp_id}",
            user_id=asked["user"].encode(),
            user_name=asked["user"],
            user_display_name=asked["user"].title(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        self.challenges["register"] = options.challenge
        return json.loads(webauthn.options_to_json(options))

    def register_verify(self, response):
        verified = webauthn.verify_registration_response(
            credential=response,
            expected_challenge=self.challenges.pop("register"),
            expected_rp_id=self.rp_id,
            expected_origin=self.origin,
            require_user_verification=True,
        )
        self.credentials[response["id"]] = verified
        return {"accepted": True, "id": response["id"], "aaguid": verified.aaguid}

    def sign_in_options(self, asked):
        options = webauthn.generate_authentication_options(
            rp_id=self.rp_id,
            allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(i)) for i in asked.get("allow", [])],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        self.challenges["sign-in"] = options.challenge
        return json.loads(webauthn.options_to_json(options))

    def sign_in_verify(self, response):
        held = self.credentials[response["id"]]
        verified = webauthn.verify_authentication_response(
            credential=response,
            expected_challenge=self.challenges.pop("sign-in"),
            expected_rp_id=self.rp_id,
            expected_origin=self.origin,
            credential_public_key=held.credential_public_key,
            credential_current_sign_count=held.sign_count,
            require_user_verification=True,
        )
        return {"accepted": True, "id": response["id"], "backed_up": verified.credential_backed_up}


class Handler(BaseHTTPRequestHandler):
    def shop(self):
        host = self.headers["host"]
        name = host.partition(":")[0]
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        rp_id = RELATED.get(name, name)
        with lock:
            if host not in shops:
                related = shops[rp_id].credentials if rp_id != name else {}
                shops[host] = Shop(rp_id, f"{scheme}://{host}", related)
            return shops[host]

    def do_GET(self):
        if self.path == "/.well-known/webauthn":
            host = self.headers["host"]
            related = [f"https://{name}" for name, rp_id in RELATED.items() if rp_id == host]
            return self.answer(200, "application/json", json.dumps({"origins": related}))
        title = f"The shop at {self.shop().rp_id}"
        self.answer(200, "text/html; charset=utf-8", PAGE.format(title=title))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        step = {
            "/register/options": Shop.register_options,
            "/register/verify": Shop.register_verify,
            "/sign-in/options": Shop.sign_in_options,
            "/sign-in/verify": Shop.sign_in_verify,
        }[self.path]
        try:
            told = step(self.shop(), asked)
        except Exception as refused:
            told = {"accepted": False, "reason": f"{type(refused).__name__}: {refused}"}
        self.answer(200, "application/json", json.dumps(told))

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def served(context=None):
    """A server of its own, on a port of loopback; under TLS with a context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def certified(names):
    """A context with a certificate of these names, and the SHA-256 of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    der, pem = serialization.Encoding.DER, serialization.Encoding.PEM
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        chain.write_bytes(secret + certificate.public_bytes(pem))
        context.load_cert_chain(chain)
    public = key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
    return context, base64.b64encode(hashlib.sha256(public).digest()).decode()


context, spki = certified(["origin.test", "related.test"])
print(json.dumps({"port": served(), "tlsPort": served(context), "spki": spki}), flush=True)
sys.stdin.read()
