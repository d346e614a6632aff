"""Verifies what a relying party receives of Keyfold, as somebody would who never saw Keyfold's code: tokens with jwcrypto,
certificates with cryptography, attestations with py_webauthn, and the rest by the words of crates/evidence alone.

Reads one JSON object from standard input; bytes in it are base64url. Ends with an error if anything does not hold.
"""

import base64
import hashlib
import json
import sys
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from fido2 import cbor, mds3
from fido2.cose import CoseKey
from fido2.webauthn import AttestationObject
from jwcrypto import jwk, jws
from webauthn import verify_registration_response
from webauthn.helpers.structs import AttestationFormat

AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token(text, keys, kind):
    """The claims of a token that one of these keys signed."""
    signed = jws.JWS()
    signed.allowed_algs = ["ES256"]
    signed.deserialize(text)
    assert signed.jose_header["typ"] == kind, signed.jose_header
    signed.verify(keys.get_key(signed.jose_header["kid"]))
    return json.loads(signed.payload)


def status(claims, reference):
    """A place in a status list."""
    assert claims["sub"] == reference["uri"]
    bits = claims["status_list"]["bits"]
    packed = zlib.decompress(decoded(claims["status_list"]["lst"]))
    first = reference["idx"] * bits
    return packed[first // 8] >> first % 8 & (1 << bits) - 1


def signed_by_evidence_key(leaf, message, signature):
    """r ‖ s, as the point of the leaf's certificate verifies it."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    leaf.public_key().verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def leaf_of(der, issuer, root):
    """The leaf, once its path holds."""
    leaf = x509.load_der_x509_certificate(der)
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert leaf.version == x509.Version.v3 and len(der) <= 1024
    assert [attribute.oid._name for attribute in leaf.subject] == [
        "countryName", "organizationName", "organizationalUnitName", "commonName",
    ]
    assert leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "Authenticator Attestation"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return leaf


def main():
    given = json.load(sys.stdin)
    keys = jwk.JWKSet.from_json(json.dumps(given["jwks"]))
    report = token(given["report"], keys, "eat+jwt")
    assert report["eat_nonce"] == given["nonce"] and report["aud"] == given["audience"]
    assert report["keyfold"]["class"] == given["class"]
    listed = token(given["status_list"], keys, "statuslist+jwt")
    assert status(listed, report["status"]["status_list"]) == given["status"]

    root, issuer = (x509.load_der_x509_certificate(decoded(given[name])) for name in ("root", "issuer"))
    leaf_der = decoded(given["leaf"])
    leaf = leaf_of(leaf_der, issuer, root)
    aaguid = leaf.extensions.get_extension_for_oid(AAGUID_EXTENSION).value.value
    assert aaguid[:2] == b"\x04\x10" and aaguid[2:] == decoded(given["aaguid"])
    uris = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    claims = uris.get_values_for_type(x509.UniformResourceIdentifier)[0].split(":")
    assert claims[:4] == ["urn", "keyfold", "leaf", "1"] and claims[4] == given["class"]

    # The device behind an assertion.
    data, client_data = decoded(given["authenticator_data"]), decoded(given["client_data"])
    credential_id = decoded(given["credential_id"])
    output = cbor.decode(data[37:])["keyfoldDevice"]
    assert output[1] == leaf_der
    message = b"keyfold/v1/evidence/assertion///" + hashlib.sha256(leaf_der).digest() + data[:33]
    message += len(credential_id).to_bytes(2) + credential_id + hashlib.sha256(client_data).digest()
    signed_by_evidence_key(leaf, message, output[2])

    # What the device has stated.
    public_key = decoded(given["public_key"])
    signed = cbor.decode(decoded(given["statement"]))
    stated = cbor.decode(signed[1])
    tagged = b"keyfold/v1/evidence/blind-tag///"
    for part in (given["rp_id"].encode(), credential_id, public_key):
        tagged += len(part).to_bytes(8) + part
    assert stated[1] == hashlib.sha256(tagged).digest()
    CoseKey.parse(cbor.decode(public_key)).verify(b"keyfold/v1/evidence/credential//" + signed[1], signed[2])
    assert signed[3] == leaf_der
    by_device = b"keyfold/v1/evidence/statement///" + hashlib.sha256(leaf_der).digest() + signed[1]
    signed_by_evidence_key(leaf, by_device, signed[4])

    # The tenant's metadata, by which python-fido2 attests the same registration.
    root_der = decoded(given["root"])
    metadata = mds3.parse_blob(given["metadata"].encode(), decoded(given["metadata_root"]))
    verifier = mds3.MdsAttestationVerifier(metadata)
    made = given["registration"]
    object = AttestationObject(decoded(made["response"]["attestationObject"]))
    client_data_hash = hashlib.sha256(decoded(made["response"]["clientDataJSON"])).digest()
    entry = verifier.find_entry(object, client_data_hash)
    statement = entry.metadata_statement
    assert statement.attestation_root_certificates == [root_der]
    assert statement.multi_device_credential_support == ("implicit" if given["is_synced"] else "unsupported")
    assert bytes(entry.aaguid) == decoded(given["aaguid"])

    # The attestation of a registration.
    verified = verify_registration_response(
        credential=made,
        expected_challenge=decoded(given["challenge"]),
        expected_rp_id=given["rp_id"],
        expected_origin=given["origin"],
        require_user_verification=True,
        pem_root_certs_bytes_by_fmt={
            AttestationFormat.PACKED: [root.public_bytes(serialization.Encoding.PEM)],
        },
    )
    assert verified.fmt == AttestationFormat.PACKED and verified.credential_id == credential_id


if __name__ == "__main__":
    main()
