"""What py_webauthn makes of attestations by other makers, whole and damaged: a second opinion on Keyfold's verifier.

Reads one JSON object from standard input; bytes in it are base64url. Writes a JSON list: for each attestation object, whether a key
vouches for the credential.
"""

import base64
import json
import ssl
import sys

from webauthn import verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_vouched_for(registration, attestation_object, roots):
    response = {"attestationObject": attestation_object, "clientDataJSON": registration["client_data"]}
    identifier = registration["credential_id"]
    try:
        made = verify_registration_response(
            credential={"id": identifier, "rawId": identifier, "type": "public-key", "response": response},
            expected_challenge=decoded(registration["challenge"]),
            expected_rp_id="example.org",
            expected_origin="https://example.org",
            supported_pub_key_algs=list(COSEAlgorithmIdentifier),
            pem_root_certs_bytes_by_fmt=roots,
        )
    # Damage surprises it in many ways.
    except Exception:
        return False
    return made.fmt != AttestationFormat.NONE


def main():
    given = json.load(sys.stdin)
    root = ssl.DER_cert_to_PEM_cert(decoded(given["root"])).encode()
    roots = {form: [root] for form in AttestationFormat}
    verdicts = [
        [is_vouched_for(registration, attestation_object, roots) for attestation_object in registration["objects"]]
        for registration in given["registrations"]
    ]
    json.dump(verdicts, sys.stdout)


main()
