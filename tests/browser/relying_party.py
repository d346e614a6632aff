"""Relying parties in the browser, on PyPI `webauthn`: one for each host name under which this server is reached.

    relying_party.py        prints the port that it listens on, on loopback, and serves until its standard input ends
"""

import json
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import webauthn
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
  return {{...await ask("/sign-in/verify", signed), extensions: signed.clientExtensionResults}};
}}
</script>
"""

shops = {}
lock = threading.Lock()


class Shop:
    """One relying party."""

    def __init__(self, rp_id, origin):
        self.rp_id, self.origin = rp_id, origin
        self.challenges, self.credentials = {}, {}

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
        name = host.rpartition(":")[0]
        with lock:
            return shops.setdefault(host, Shop(name, f"http://{host}"))

    def do_GET(self):
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


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
