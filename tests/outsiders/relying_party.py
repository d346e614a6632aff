"""A relying party's server, as somebody would write it who never saw Keyfold's code: private_key_jwt and tokens with jwcrypto,
registrations with py_webauthn, all else over HTTPS by the OpenAPI document.

    relying_party.py FOLDER keys                a new key; prints its JWK set
    relying_party.py FOLDER ask                 reads {"tenant": URL, "ca": FILE, "client": ID, "path": PATH, "body": …}; prints
                                                {"status": …, "body": …}; with "claims" the assertion has these instead, with "kid" it
                                                names that key, with "headers" the request has these too, with "token" it
                                                sends that access token
    relying_party.py FOLDER report              the same for /v1/rp/evidence; verifies the report, and prints {"status": …, "claims":
                                                …, "standing": …}
    relying_party.py FOLDER standing            reads {"tenant": …, "ca": …, "reference": {"idx": …, "uri": …}}; prints {"standing": …}
    relying_party.py FOLDER attested            reads {"tenant": …, "ca": …, "registration": …, "challenge": …, "rp_id": …}; verifies
                                                it by the tenant's root, and its metadata by python-fido2; prints {"aaguid": …}
"""

import base64
import hashlib
import json
import secrets
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fido2 import mds3
from fido2.webauthn import AttestationObject
from jwcrypto import jwk, jws, jwt
from webauthn import verify_registration_response
from webauthn.helpers.structs import AttestationFormat


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fetch(given, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    trust = ssl.create_default_context(cafile=given["ca"])
    try:
        with urllib.request.urlopen(request, context=trust) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def configuration(given):
    status, _, body = fetch(given, given["tenant"])
    assert status == 200, body
    told = json.loads(body)
    assert told["issuer"] == given["tenant"]
    return told


def key(folder):
    return jwk.JWK.from_json((folder / "key.json").read_text())


def keys(folder, _):
    made = jwk.JWK.generate(kty="EC", crv="P-256", kid=secrets.token_hex(4), alg="ES256", use="sig")
    (folder / "key.json").write_text(made.export())
    return {"keys": [made.export_public(as_dict=True)]}


def access_token(folder, given, told):
    now = int(time.time())
    claims = {
        "iss": given["client"], "sub": given["client"], "aud": told["token_endpoint"],
        "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(),
    }
    claims.update(given.get("claims", {}))
    own = key(folder)
    assertion = jwt.JWT(header={"alg": "ES256", "kid": given.get("kid", own.key_id)}, claims=claims)
    assertion.make_signed_token(own)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion.serialize(),
    }
    if "scope" in given:
        form["scope"] = given["scope"]
    status, _, body = fetch(given, told["token_endpoint"], urllib.parse.urlencode(form).encode())
    return status, json.loads(body)


def ask(folder, given):
    told = configuration(given)
    headers = {"Content-Type": "application/json", **given.get("headers", {})}
    if "token" in given:
        token = given["token"]
    else:
        status, granted = access_token(folder, given, told)
        if status != 200:
            return {"status": status, "body": granted, "of": "token"}
        assert granted["token_type"] == "Bearer" and granted["expires_in"] == 300
        token = granted["access_token"]
    headers["Authorization"] = f"Bearer {token}"
    body = given.get("body")
    body = None if body is None else json.dumps(body).encode()
    base = told["evidence_endpoint"].removesuffix("/v1/rp/evidence")
    status, sent, answer = fetch(given, base + given["path"], body, headers)
    expected = "application/json" if status == 200 else "application/problem+json"
    assert sent["Content-Type"] == expected, sent["Content-Type"]
    answer = json.loads(answer)
    if status != 200:
        assert answer["status"] == status and answer["type"].startswith("urn:keyfold:problem:"), answer
    return {"status": status, "body": answer, "token": token}


def verified(given, told, text, kind):
    """The claims of a token that the tenant has signed."""
    status, _, body = fetch(given, told["jwks_uri"])
    assert status == 200
    known = jwk.JWKSet.from_json(body.decode())
    signed = jws.JWS()
    signed.allowed_algs = ["ES256"]
    signed.deserialize(text)
    assert signed.jose_header["typ"] == kind, signed.jose_header
    signed.verify(known.get_key(signed.jose_header["kid"]))
    return json.loads(signed.payload)


def standing_of(given, told, reference):
    status, headers, body = fetch(given, reference["uri"])
    assert status == 200 and headers["Content-Type"] == "application/statuslist+jwt", body
    claims = verified(given, told, body.decode(), "statuslist+jwt")
    assert claims["sub"] == reference["uri"] and claims["exp"] > time.time()
    bits = claims["status_list"]["bits"]
    packed = zlib.decompress(decoded(claims["status_list"]["lst"]))
    first = reference["idx"] * bits
    return ["valid", "invalid", "suspended"][packed[first // 8] >> first % 8 & (1 << bits) - 1]


def report(folder, given):
    nonce = given["body"].setdefault("nonce", secrets.token_urlsafe(24))
    answered = ask(folder, {**given, "path": "/v1/rp/evidence"})
    if answered["status"] != 200:
        return answered
    told = configuration(given)
    claims = verified(given, told, answered["body"]["report"], "eat+jwt")
    assert claims["iss"] == given["tenant"] and claims["aud"] == given["client"]
    assert claims["eat_nonce"] == nonce and claims["exp"] > time.time() and claims["iat"] <= time.time() + 60
    standing = standing_of(given, told, claims["status"]["status_list"])
    return {"status": 200, "claims": claims, "standing": standing, "report": answered["body"]["report"]}


def standing(_, given):
    return {"standing": standing_of(given, configuration(given), given["reference"])}


def attested(_, given):
    told = configuration(given)
    root_der = base64.b64decode(told["authority"]["root"])
    root = x509.load_der_x509_certificate(root_der)
    made = given["registration"]
    verdict = verify_registration_response(
        credential=made,
        expected_challenge=decoded(given["challenge"]),
        expected_rp_id=given["rp_id"],
        expected_origin=f"https://{given['rp_id']}",
        require_user_verification=True,
        pem_root_certs_bytes_by_fmt={
            AttestationFormat.PACKED: [root.public_bytes(serialization.Encoding.PEM)],
        },
    )
    assert verdict.fmt == AttestationFormat.PACKED
    status, _, blob = fetch(given, told["metadata_uri"])
    assert status == 200, blob
    metadata = mds3.parse_blob(blob, base64.b64decode(told["authority"]["metadata_root"]))
    object = AttestationObject(decoded(made["response"]["attestationObject"]))
    client_data_hash = hashlib.sha256(decoded(made["response"]["clientDataJSON"])).digest()
    entry = mds3.MdsAttestationVerifier(metadata).find_entry(object, client_data_hash)
    assert entry.metadata_statement.attestation_root_certificates == [root_der]
    assert str(entry.aaguid) == verdict.aaguid
    return {"aaguid": verdict.aaguid, "multi": entry.metadata_statement.multi_device_credential_support}


STEPS = {"keys": keys, "ask": ask, "report": report, "standing": standing, "attested": attested}

if __name__ == "__main__":
    folder, step = Path(sys.argv[1]), STEPS[sys.argv[2]]
    given = json.loads(sys.stdin.read() or "{}")
    print(json.dumps(step(folder, given)))
