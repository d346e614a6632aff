"""Writes what the corpus begins with: well-formed messages of each kind, for the fuzzer to change.

    python3 tests/fuzz/seeds.py

They come from proto/vectors and from the standards' own forms. A file is named by its content, so that running it again
changes nothing; what fuzzing adds stays.
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent.parent / "proto" / "vectors"
PUBLISHED = HERE.parent / "data" / "webauthn-l3-attestation.json"


def main() -> None:
    for target, seeds in corpus().items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        print(f"{target}: {len(seeds)} seeds")


def corpus() -> dict[str, list[bytes]]:
    vectors = {path.stem: json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))}
    bodies = [
        vectors["genesis"]["made"],
        vectors["first-rotation"]["made"],
        vectors["add-device"]["made"],
        vectors["remove"]["made"],
        *vectors["commit"]["commits"],
        *vectors["receipt"]["receipts"],
        vectors["session"],
    ]
    signed = [message(bytes.fromhex(made["body"]), bytes.fromhex(made["signature"])) for made in bodies]
    enrolment = vectors["enrolment"]
    parts = [bytes.fromhex(enrolment[name]) for name in ("offer", "approval", "transcript")]
    item = vectors["item-envelope"]
    states = [bytes.fromhex(state["state"]) for state in vectors["set-hash"]["sets"]]
    inputs = [request["signature_input_field"].encode() for request in vectors["request-signature"]["requests"]]
    chains = [bytes.fromhex(made["body"]) for made in bodies] + states + [fork(vectors)]
    return {
        "chains": chains,
        "envelope": [bytes.fromhex(item["envelope"])],
        "device_api": signed + parts + [bytes.fromhex(item["content_bytes"])] + recovery(),
        "item": items(bytes.fromhex(item["content_bytes"])),
        "exchange": [json.dumps(EXCHANGE).encode(), json.dumps(EXCHANGE["accounts"][0]).encode()],
        "offer": offers(vectors),
        "request_signature": inputs,
        "sealed_secrets": [bytes.fromhex(vectors[name]["sealed"]) for name in ("sealed-secrets", "keyring-secrets")],
        "ctap": [MAKE_CREDENTIAL, GET_ASSERTION, GET_INFO],
        "hid": [packets()],
        "native_message": [json.dumps(said).encode() for said in NATIVE],
        "webauthn_create": [json.dumps(CREATION).encode()],
        "webauthn_get": [json.dumps(REQUEST).encode()],
        "evidence_attestation": attestations(),
        "evidence_hardware": hardware(),
        "typed_text": [text.encode() for text in TYPED]
        + [vectors["session"]["session"].encode(), vectors["recovery-keys"]["code"].encode()],
    }


def attestations() -> list[bytes]:
    """W3C's attestation objects, and what is in the one of a TPM"""
    objects = [bytes.fromhex(made["registration"]["attestation_object"]) for made in json.loads(PUBLISHED.read_text())["vectors"]]
    return objects + [AREA, CERTIFIED]


def hardware() -> list[bytes]:
    """A description of an Android key, public areas, a quote and a signature of a TPM, a chain, an app's objects"""
    of_app = b"\xa2" + text("signature") + b"\x41\x01" + text("authenticatorData") + b"\x58\x25" + bytes(37)
    attested = b"\xa3" + text("fmt") + text("apple-appattest") + text("attStmt") + b"\xa2" + text("x5c") + b"\x81\x41\x30"
    attested += text("receipt") + b"\x41\x00" + text("authData") + b"\x58\x25" + bytes(37)
    published = json.loads(PUBLISHED.read_text())
    root = bytes.fromhex(published["attestation_root"])
    made = next(made for made in published["vectors"] if made["name"] == "android-key-es256")
    leaf = bytes.fromhex(made["registration"]["attestation_object"])
    start = leaf.index(b"x5c\x81\x59") + 7
    leaf = leaf[start : start + int.from_bytes(leaf[start - 2 : start], "big")]
    chain = b"".join(number_of(len(der), 2) + der for der in (leaf, root))
    return [DESCRIPTION, AREA, RSA_AREA, QUOTE, TPM_SIGNATURE, root, chain, of_app, attested]


def packets() -> bytes:
    """CTAPHID: a channel is asked for, a request comes on it in three packets, and a ping"""
    channel, request = number_of(1, 4), MAKE_CREDENTIAL[:170].ljust(170, b"\0")
    init = b"\xff" * 4 + b"\x86" + number_of(8, 2) + bytes(range(8))
    first = channel + b"\x90" + number_of(len(request), 2) + request[:57]
    more = [channel + bytes([sequence]) + request[57 + 59 * sequence :][:59] for sequence in range(2)]
    ping = channel + b"\x81" + number_of(5, 2) + b"hello"
    return b"".join(packet.ljust(64, b"\0") for packet in [init, first, *more, ping])


def number_of(value: int, length: int) -> bytes:
    return value.to_bytes(length, "big")


def recovery() -> list[bytes]:
    """RecoveryLookup {lookup = 1}, RecoveryFound {accounts = 1}"""
    return [field(1, bytes(range(32))), field(1, bytes(range(16))) * 2]


def items(passkey: bytes) -> list[bytes]:
    """An item of each kind: Item {version = 1, at = 2, passkey = 4, fields = 5, foreign = 6, export = 7}"""
    # ExchangeId {account = 1, item = 2}
    of_item = field(1, b"account") + field(2, b"item")
    foreign = field(1, of_item) + field(2, b'{"title":"Bank","credentials":[{"type":"note"}]}')
    record = number(1, 1) + field(2, bytes(range(16))) + field(3, bytes(range(16))) + number(4, 1 << 40)
    record += number(5, 2) + number(6, 1) + field(7, bytes(range(32))) + number(8, 1)
    imported = field(1, of_item) + number(2, 1) + field(3, b'{"a":1}') + field(4, b'{"title":"Shop"}')
    source = field(1, b"example.org") + field(2, bytes(range(16))) + field(3, b"ana") + number(4, 15)
    source += field(5, b"k" * 32) + field(6, b"u" * 32) + field(7, b"w" * 32) + number(8, 1 << 40)
    source += field(9, bytes(range(16))) + number(10, 1) + field(11, b"blob") + field(12, imported)
    stamp = number(1, 1 << 40) + field(3, bytes(range(16)))
    blob = number(1, 7) + field(2, stamp) + field(3, (5).to_bytes(8, "big") + b"\xcb\x48\xcd\xc9\xc9\x07\x00")
    start = number(1, 1) + number(2, 1 << 40)
    return [
        passkey,
        start + field(4, source) + field(5, blob),
        start + field(6, foreign),
        start + field(7, message(record, bytes(64))),
    ]


def fork(vectors: dict) -> bytes:
    """The form of a ForkProof {suite = 1, log_key = 2, earlier = 3, later = 4, links = 5}, which proves nothing."""
    receipts = [message(bytes.fromhex(made["body"]), bytes.fromhex(made["signature"])) for made in vectors["receipt"]["receipts"]]
    commit = vectors["commit"]["commits"][0]
    link = message(bytes.fromhex(commit["body"]), bytes.fromhex(commit["signature"]))
    return number(1, 1) + field(2, bytes(range(32))) + field(3, receipts[0]) + field(4, receipts[1]) + field(5, link)


def offers(vectors: dict) -> list[bytes]:
    """Frames as of a pull, each `u32 big-endian length ‖ PullFrame`: all that was lost, and nothing."""
    signed = {
        name: message(bytes.fromhex(made["body"]), bytes.fromhex(made["signature"]))
        for name, made in [
            ("entry", vectors["remove"]["made"]),
            ("commit", vectors["commit"]["commits"][0]),
            ("roster", vectors["receipt"]["receipts"][0]),
            ("vault", vectors["receipt"]["receipts"][1]),
        ]
    }
    receipts = vectors["receipt"]["receipts"][:2]
    (roster_seq, roster_head), (vault_seq, vault_head) = ((made["seq"], bytes.fromhex(made["head"])) for made in receipts)
    heads = number(1, roster_seq) + field(2, roster_head) + number(3, vault_seq) + field(4, vault_head)
    heads += field(5, signed["roster"]) + field(6, signed["vault"])
    key = number(1, 3) + field(2, bytes.fromhex(vectors["sealed-key"]["sealed"]))
    link = number(1, 3) + number(2, 1) + field(3, bytes.fromhex(vectors["epoch-link"]["link"]))
    envelope = bytes.fromhex(vectors["item-envelope"]["envelope"])
    first, end = frame(1, heads), frame(8, b"")
    entry = frame(2, signed["entry"]) + frame(3, key) + frame(4, link)
    return [first + entry + frame(6, signed["commit"]) + frame(7, envelope) + end, first + end]


def frame(kind: int, content: bytes) -> bytes:
    encoded = field(kind, content)
    return len(encoded).to_bytes(4, "big") + encoded


def message(body: bytes, signature: bytes) -> bytes:
    """Signed {body = 1, signature = 2}"""
    return field(1, body) + field(2, signature)


def field(place: int, content: bytes) -> bytes:
    return bytes([place << 3 | 2]) + varint(len(content)) + content


def number(place: int, value: int) -> bytes:
    return bytes([place << 3]) + varint(value)


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def der(tag: bytes, *content: bytes) -> bytes:
    joined = b"".join(content)
    assert len(joined) < 128
    return tag + bytes([len(joined)]) + joined


def text(value: str) -> bytes:
    assert len(value) < 24
    return bytes([0x60 + len(value)]) + value.encode()


# KeyDescription: 3, TEE, 3, TEE, challenge, unique id, {701: 1}, {1: {2}, 702: 0, 704: {key, locked, verified, hash}, 705: 140000}
DESCRIPTION = der(
    b"\x30",
    *(b"\x02\x01\x03", b"\x0a\x01\x01") * 2,
    b"\x04\x09challenge\x04\x00",
    der(b"\x30", der(b"\xbf\x85\x3d", b"\x02\x01\x01")),
    der(
        b"\x30",
        der(b"\xa1", b"\x31\x03\x02\x01\x02"),
        der(b"\xbf\x85\x3e", b"\x02\x01\x00"),
        der(b"\xbf\x85\x40", der(b"\x30", b"\x04\x01\x07", b"\x01\x01\xff", b"\x0a\x01\x00", b"\x04\x01\x05")),
        der(b"\xbf\x85\x41", b"\x02\x03\x02\x22\xe0"),
    ),
)
# TPMT_PUBLIC on P-256, that of an RSA storage key; TPMS_ATTEST of a key and of registers; TPMT_SIGNATURE
AREA = bytes.fromhex("0023000b0005007200000010001000030010" + "0020" + "01" * 32 + "0020" + "02" * 32)
RSA_AREA = bytes.fromhex("0001000b000300b20020" + "07" * 32 + "000600800043" + "0010" + "080000000000" + "0100" + "c1" * 256)
CERTIFIED = bytes.fromhex("ff5443478017" + "0000" + "0020" + "03" * 32 + "00" * 25 + "0022000b" + "04" * 32 + "0000")
QUOTE = bytes.fromhex("ff5443478018" + "0000" + "0005" + "6e6f6e6365" + "00" * 25 + "00000001000b03810000" + "0020" + "05" * 32)
TPM_SIGNATURE = bytes.fromhex("0018000b" + "0020" + "01" * 32 + "0020" + "02" * 32)
HASH = b"\x58\x20" + bytes(range(32))
PUBLIC_KEY = b"\xa2" + text("alg") + b"\x26" + text("type") + text("public-key")
# authenticatorMakeCredential {1: hash, 2: rp, 3: user, 4: parameters, 6: hmac-secret, 7: rk} and getAssertion {1: rp id, 2: hash}
MAKE_CREDENTIAL = (
    b"\x01\xa6\x01" + HASH + b"\x02\xa1" + text("id") + text("example.org") + b"\x03\xa2" + text("id") + b"\x43\x01\x02\x03"
    + text("name") + text("ana") + b"\x04\x81" + PUBLIC_KEY + b"\x06\xa1" + text("hmac-secret") + b"\xf5"
    + b"\x07\xa1" + text("rk") + b"\xf5"
)  # fmt: skip
GET_ASSERTION = b"\x02\xa2\x01" + text("example.org") + b"\x02" + HASH
GET_INFO = b"\x04"

CREATION = {
    "rp": {"id": "example.org", "name": "Example"},
    "user": {"id": "AQID", "name": "ana@example.org", "displayName": "Ana"},
    "challenge": "AAECAwQFBgcICQoLDA0ODw",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}],
    "excludeCredentials": [{"type": "public-key", "id": "AAECAwQFBgcICQoLDA0ODw", "transports": ["internal"]}],
    "authenticatorSelection": {"residentKey": "required", "userVerification": "discouraged"},
    "timeout": 60000,
    "attestation": "none",
    "extensions": {"credProps": True, "prf": {"eval": {"first": "AQID", "second": "BAUG"}}},
}
REQUEST = {
    "rpId": "example.org",
    "challenge": "EBESExQVFhcYGRobHB0eHw",
    "allowCredentials": [{"type": "public-key", "id": "AAECAwQFBgcICQoLDA0ODw"}],
    "userVerification": "discouraged",
    "timeout": 60000,
    "extensions": {"prf": {"evalByCredential": {"AAECAwQFBgcICQoLDA0ODw": {"first": "AQID"}}}},
}
PAGE = {"id": 7, "origin": "https://login.example.org", "rpIdChecked": False}
SHOWN = {"rpId": "example.org", "userId": "AQID"}
NATIVE = [
    {"type": "hello", "protocol": 1, "extension": "0.1.0"},
    {"type": "status", "id": 1},
    {"type": "create", "options": CREATION, **PAGE, "crossOrigin": True, "topOrigin": "https://example.com"},
    {"type": "get", "options": REQUEST, **PAGE},
    {"type": "candidates", "options": REQUEST, **PAGE},
    {"type": "answer", "id": 7, "prompt": 1, "decision": "approve", "account": 1, "pin": "1234"},
    {"type": "answer", "id": 7, "prompt": 1, "decision": "deny"},
    {"type": "cancel", "id": 7},
    {"type": "signal", "signal": "unknownCredential", **PAGE, "options": {"rpId": "example.org", "credentialId": "AQID"}},
    {"type": "signal", "signal": "allAcceptedCredentials", **PAGE, "options": {**SHOWN, "allAcceptedCredentialIds": ["AQID"]}},
    {"type": "signal", "signal": "currentUserDetails", **PAGE, "options": {**SHOWN, "name": "ana", "displayName": "Ana"}},
    {"type": "unlock", "id": 1, "passphrase": "correct horse battery staple"},
]
EXCHANGE = {
    "version": {"major": 1, "minor": 0},
    "exporterRpId": "exporter.example",
    "exporterDisplayName": "Exporter",
    "timestamp": 1705228800,
    "accounts": [
        {
            "id": "YWNjb3VudA",
            "username": "ana",
            "email": "",
            "collections": [{"id": "Yw", "title": "Work", "items": [{"item": "YQ"}]}],
            "items": [
                {
                    "id": "YQ",
                    "creationAt": 1705142400,
                    "title": "Shop",
                    "credentials": [
                        {
                            "type": "passkey",
                            "credentialId": "AAECAwQFBgcICQoLDA0ODw",
                            "rpId": "shop.example",
                            "username": "ana",
                            "userDisplayName": "Ana",
                            "userHandle": "YW5h",
                            "key": "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp-K06_nwoy_HU--CXqI9EdVhC",
                            "fido2Extensions": {
                                "hmacCredentials": {
                                    "algorithm": "hmac-sha256",
                                    "credWithUV": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
                                    "credWithoutUV": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
                                },
                                "credBlob": "YmxvYg",
                                "largeBlob": {"uncompressedSize": 5, "data": "y0jNyckHAA"},
                                "payments": True,
                            },
                        },
                        {"type": "note", "content": {"fieldType": "string", "value": "a"}},
                    ],
                    "extensions": [{"name": "keyfold", "passkeys": [{"credentialId": "AAECAwQFBgcICQoLDA0ODw"}]}],
                },
                {"id": "Yg", "title": "Card", "credentials": [{"type": "credit-card"}]},
            ],
        }
    ],
}
TYPED = [
    "keyfold:enrol?v=1&s=https%3A%2F%2Flocalhost%3A8443&f=&e=aaaqeayeaudaocajbifqydiob4&k=AAAAAAAAAAAAAAAAAAAAAA",
    "aaaqeayeaudaocajbifqydiob4",
    "https://localhost:8443",
    "https://login.example.org",
    "1234 5678",
]

if __name__ == "__main__":
    main()
