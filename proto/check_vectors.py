#!/usr/bin/env python3
"""Derives everything in proto/vectors/ a second time, from proto/README.md alone.

It shares no code with the Rust crates: its own protobuf, PyPI `cryptography` (44 or later) and `blake3`, nothing else.
Where that `cryptography` has ML-KEM it decapsulates X-Wing too; elsewhere it takes the shared secret from the vector.

    python3 proto/check_vectors.py              one line for each check; exit status 1 if one fails
    python3 proto/check_vectors.py --self-test  changes every byte of every vector in turn and expects each to be noticed
"""

import base64
import copy
import functools
import hashlib
import hmac
import json
import pathlib
import sys

import blake3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

try:
    from cryptography.hazmat.primitives.asymmetric import mlkem
except ImportError:
    mlkem = None

VECTORS = pathlib.Path(__file__).resolve().parent / "vectors"


# --- Protobuf: the canonical form (README, "Canonical form") ---------------------------------------------------------


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(*fields):
    """Fields (number, value), ascending. Zero, empty and None are left out; a value in a 1-tuple is written even so."""
    out = b""
    for number, value in fields:
        forced = isinstance(value, tuple)
        value = value[0] if forced else value
        if value is None or (not value and not forced):
            continue
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def repeated(number, values):
    return [(number, (value,)) for value in values]


def zigzag(number):
    return number << 1 if number >= 0 else (-number << 1) - 1


def decode(data):
    """The fields of a message of varints and byte strings, each number at most once."""
    fields, at = {}, 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    last = 0
    while at < len(data):
        key = read_varint()
        number, kind = key >> 3, key & 7
        require(number > last and kind in (0, 2), "canonical order and known wire types")
        last = number
        value = read_varint()
        if kind == 2:
            end = at + value
            require(end <= len(data), "a length within the message")
            value, at = data[at:end], end
        fields[number] = value
    return fields


# --- Primitives (README, "Notation and primitives") ------------------------------------------------------------------


def ns(name, *parts):
    name = b"keyfold/v1/" + name.encode()
    return bytes([len(name)]) + name + b"".join(parts)


def H(name, *parts):
    return hashlib.sha256(ns(name, *parts)).digest()


def kdf(ikm, salt, name, *context, length=32):
    return HKDF(hashes.SHA256(), length, salt or None, ns(name, *context)).derive(ikm)


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def raw(key):
    return key.public_bytes_raw()


def sign_ed25519(seed, name, body):
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return raw(key.public_key()), key.sign(ns(name, body))


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sign_es256(scalar, name, body):
    """ECDSA with the nonce of RFC 6979 and the lower of s and n - s: the public point and r || s."""
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    der = key.sign(ns(name, body), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = utils.decode_dss_signature(der)
    s = min(s, P256_ORDER - s)
    numbers = key.public_key().public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return point, r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign(algorithm, secret, name, body):
    return {1: sign_ed25519, 2: sign_es256}[algorithm](secret, name, body)


def verify_es256(point, name, body, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    require(len(signature) == 64 and s <= P256_ORDER // 2, "a low s")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    key.verify(utils.encode_dss_signature(r, s), ns(name, body), ec.ECDSA(hashes.SHA256()))


def x_wing_expand(seed):
    """The ML-KEM-768 seed (64 bytes) and the X25519 private key."""
    expanded = hashlib.shake_256(seed).digest(96)
    return expanded[:64], x25519.X25519PrivateKey.from_private_bytes(expanded[64:])


def x_wing_public(seed):
    """The encapsulation key, or only its last 32 bytes where there is no ML-KEM."""
    seed_m, key_x = x_wing_expand(seed)
    public_m = raw(mlkem.MLKEM768PrivateKey.from_seed_bytes(seed_m).public_key()) if mlkem else b""
    return public_m + raw(key_x.public_key())


def x_wing_decapsulate(seed, encapsulated):
    seed_m, key_x = x_wing_expand(seed)
    shared_m = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed_m).decapsulate(encapsulated[:1088])
    shared_x = key_x.exchange(x25519.X25519PublicKey.from_public_bytes(encapsulated[1088:]))
    label = bytes([0x5C, 0x2E, 0x2F, 0x2F, 0x5E, 0x5C])
    return hashlib.sha3_256(shared_m + shared_x + encapsulated[1088:] + raw(key_x.public_key()) + label).digest()


def hpke_open(shared_secret, info, ciphertext):
    """RFC 9180, base mode, after decapsulation: X-Wing (0x647a), HKDF-SHA256 (1), AES-256-GCM (2), empty AAD."""
    suite = b"HPKE" + bytes.fromhex("647a00010002")

    def extract(salt, label, ikm):
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(prk, label, context, length):
        labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return HKDFExpand(hashes.SHA256(), length, labeled).derive(prk)

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    key, nonce = expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


@functools.lru_cache(maxsize=4)
def argon2id(passphrase, salt):
    return Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=65536).derive(passphrase)


# --- Checks ----------------------------------------------------------------------------------------------------------


class Mismatch(Exception):
    """A value is not what the specification derives."""


def require(condition, what):
    if not condition:
        raise Mismatch(what)


def unhex(value):
    """The vector with its hex strings as bytes; `TEXTS` stay texts."""
    if isinstance(value, dict):
        return {name: each if name in TEXTS else unhex(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unhex(each) for each in value]
    return bytes.fromhex(value) if isinstance(value, str) else value


TEXTS = {
    "about", "printed", "name", "platform", "agent", "rp_id", "server", "session", "passphrase", "method",
    "target_uri", "content_digest_field", "signature_input_field", "signature_field", "code_from_device",
    "code_from_approver",
}  # fmt: skip


def base32(data):
    return base64.b32encode(data).decode().rstrip("=").lower()


def member_keys(keys):
    return message((1, keys["algorithm"]), (2, keys["signing_key"]), (3, keys["wrapping_key"]))


def member_id(keys):
    return H("member-id", bytes([keys["algorithm"]]), keys["signing_key"], keys["wrapping_key"])[:16]


def description(words):
    return message((1, words["name"]), (2, words["platform"]), (3, words["agent"]))


def device_id(v, same):
    for name in ("ed25519", "es256"):
        one, keys = v[name], v[name]["keys"]
        public, _ = sign(keys["algorithm"], one["signing_secret"], "receipt", b"")
        same(f"{name} signing key", keys["signing_key"], public)
        wrapping = x_wing_public(one["wrapping_seed"])
        same(f"{name} wrapping key", keys["wrapping_key"][-len(wrapping) :], wrapping)
        same(f"{name} member id", one["member"], member_id(keys))
        same(f"{name} member id as text", one["printed"], base32(one["member"]))


def entry(place, made, same, number, body):
    """A roster entry with this body: its bytes, signature by the Ed25519 seed, and hash."""
    fields = [(1, 1), (2, place["seq"]), (3, place["prev"]), (4, place["author"]), (5, place["at"])]
    encoded = message(*fields, (6, place["vault_head"]), (number, (body,)))
    same("bytes", made["body"], encoded)
    public, signature = sign_ed25519(place["author_seed"], "roster-entry", encoded)
    same("signature", made["signature"], signature)
    same("hash", made["hash"], H("roster-entry", encoded))
    return public


def genesis(v, same):
    device = v["device"]
    body = message(
        (1, v["random"]),
        (2, member_keys(device["keys"])),
        (3, description(device["description"])),
        (4, v["log_key"]),
    )
    public = entry(v["entry"], v["made"], same, 16, body)
    same("the device signs", device["keys"]["signing_key"], public)
    same("the device is the author", v["entry"]["author"], member_id(device["keys"]))
    same("account id", v["account"], H("account-id", v["made"]["body"])[:16])
    same("vault head before commit 1", v["vault_zero"], H("vault-zero", v["account"]))


def rotate(rotation, same):
    for sealed in rotation["sealed"]:
        same("sealed key's length", len(sealed["sealed"]), 1168)
        same("sealed key's hash", sealed["hash"], H("sealed-epoch-key", sealed["sealed"]))
    for link in rotation["links"]:
        same("link's hash", link["hash"], H("epoch-link", link["link"]))
    members = [sealed["member"] for sealed in rotation["sealed"]]
    same("members ascend", members, sorted(set(members)))
    return message(
        (1, rotation["epoch"]),
        (2, rotation["commitment"]),
        *repeated(3, [message((1, sealed["member"]), (2, sealed["hash"])) for sealed in rotation["sealed"]]),
        *repeated(4, [message((1, link["epoch"]), (2, link["hash"])) for link in rotation["links"]]),
    )


def first_rotation(v, same):
    same("vault head", v["entry"]["vault_head"], H("vault-zero", v["account"]))
    entry(v["entry"], v["made"], same, 17, rotate(v["rotation"], same))


def commitment(epoch_key, account, epoch):
    return kdf(epoch_key, account, "epoch-commitment", u64(epoch))


def epoch_commitment(v, same):
    same("commitment", v["commitment"], commitment(v["epoch_key"], v["account"], v["epoch"]))


def sealed_key(v, same):
    same("recipient", v["member"], member_id(v["recipient"]))
    wrapping = x_wing_public(v["wrapping_seed"])
    same("recipient's wrapping key", v["recipient"]["wrapping_key"][-len(wrapping) :], wrapping)
    info = ns("sealed-epoch-key", v["account"], u64(v["epoch"]), v["member"], v["prev"])
    same("info", v["info"], info)
    same("hash", v["hash"], H("sealed-epoch-key", v["sealed"]))
    encapsulated, ciphertext = v["sealed"][:1120], v["sealed"][1120:]
    if mlkem:
        same("X-Wing decapsulation", v["x_wing_shared_secret"], x_wing_decapsulate(v["wrapping_seed"], encapsulated))
    same("opened epoch key", v["epoch_key"], hpke_open(v["x_wing_shared_secret"], info, ciphertext))
    same("commitment", v["commitment"], commitment(v["epoch_key"], v["account"], v["epoch"]))


def epoch_link(v, same):
    key = kdf(v["epoch_key"], v["account"], "epoch-link-key")
    aad = ns("epoch-link", v["account"], u64(v["epoch"]), u64(v["earlier"]))
    same("link", v["link"], v["nonce"] + AESGCM(key).encrypt(v["nonce"], v["earlier_key"], aad))
    same("hash", v["hash"], H("epoch-link", v["link"]))
    same("earlier commitment", v["earlier_commitment"], commitment(v["earlier_key"], v["account"], v["earlier"]))


def check_codes(transcript_hash):
    codes = H("check-codes", transcript_hash)
    digits = [f"{int.from_bytes(part, 'big') % 10**8:08}" for part in (codes[:8], codes[8:16])]
    return [f"{code[:4]} {code[4:]}" for code in digits]


def enrolment(v, same):
    device = v["device"]
    keys, words = member_keys(device["keys"]), description(device["description"])
    offer = message((1, 1), (2, keys), (3, words), (4, v["device_nonce"]))
    same("offer", v["offer"], offer)
    same("commitment", v["commitment"], H("enrolment-offer", offer))
    shared = [
        (2, v["enrolment"]), (3, v["account"]), (4, v["log_key"]), (5, v["approver"]), (6, v["roster_head"]),
    ]  # fmt: skip
    same("approval", v["approval"], message((1, 1), *shared, (7, v["approver_nonce"])))
    tail = [(7, keys), (8, words), (9, v["device_nonce"]), (10, v["approver_nonce"])]
    transcript = message((1, 1), *shared, *tail)
    same("transcript", v["transcript"], transcript)
    same("transcript hash", v["transcript_hash"], H("enrolment-transcript", transcript))
    point, signature = sign_es256(v["device_scalar"], "enrolment-transcript", transcript)
    same("the device's key", device["keys"]["signing_key"], point)
    same("the device's signature", v["signature"], signature)
    verify_es256(point, "enrolment-transcript", transcript, v["signature"])
    from_device, from_approver = check_codes(v["transcript_hash"])
    same("check code from the device", v["code_from_device"], from_device)
    same("check code from the approver", v["code_from_approver"], from_approver)
    mac = hmac.digest(v["qr_secret"], ns("qr-transcript", transcript), "sha256")
    same("QR MAC of the transcript", v["transcript_mac"], mac)
    mac = hmac.digest(v["qr_secret"], ns("qr-entry", v["entry_hash"]), "sha256")
    same("QR MAC of the entry", v["entry_mac"], mac)


def add_device(v, same):
    same("sealed key's hash", v["sealed_hash"], H("sealed-epoch-key", v["sealed"]))
    body = message((1, (v["transcript"],)), (3, v["transcript_signature"]), (4, v["sealed_hash"]))
    entry(v["entry"], v["made"], same, 18, body)
    transcript = decode(v["transcript"])
    same("the transcript's approver", transcript[5], v["entry"]["author"])
    same("the transcript's roster head", transcript[6], v["entry"]["prev"])
    keys = decode(transcript[7])
    same("member id", v["member"], H("member-id", bytes([keys[1]]), keys[2], keys[3])[:16])
    verify_es256(keys[2], "enrolment-transcript", v["transcript"], v["transcript_signature"])
    same("the new device signed the transcript", True, True)


def item(content, at):
    fields = []
    for field in content["fields"]:
        stamp = message((1, field["ms"]), (2, field["counter"]), (3, field["device"]))
        fields.append(message((1, field["tag"]), (2, stamp), (3, field["value"])))
    passkey = message(
        (1, content["rp_id"]),
        (2, content["credential_id"]),
        (3, content["user_handle"]),
        (4, zigzag(-content["minus_algorithm"])),
        (5, content["private_key"]),
        (6, content["cred_random_with_uv"]),
        (7, content["cred_random_without_uv"]),
        (8, content["created_at"]),
        (9, content["created_by"]),
        (10, content["backup_eligible"]),
    )
    return message((1, content["version"]), (2, at), (3, content["previous"]), (4, passkey), *repeated(5, fields))


def padded(content):
    bucket = 256
    while bucket < len(content) + 4:
        bucket *= 2
    return (u32(len(content)) + content).ljust(bucket, b"\0")


def item_envelope(v, same):
    same("content", v["content_bytes"], item(v["content"], v["at"]))
    context = u32(1) + v["account"] + v["item"] + u64(v["revision"]) + u64(v["epoch"]) + u64(v["at"])
    same("context", v["context"], context)
    wrapping = kdf(v["epoch_key"], v["account"], "item-kek", v["item"])
    wrapped = AESGCM(wrapping).encrypt(v["wrap_nonce"], v["data_key"], context)
    both = kdf(v["data_key"], b"", "item-content", context, length=64)
    same("commitment", v["commitment"], both[32:])
    ciphertext = AESGCM(both[:32]).encrypt(bytes(12), padded(v["content_bytes"]), context)
    envelope = message(
        (1, 1),
        (2, v["item"]),
        (3, v["revision"]),
        (4, v["epoch"]),
        (5, v["at"]),
        (6, v["wrap_nonce"]),
        (7, wrapped),
        (8, v["commitment"]),
        (9, ciphertext),
    )
    same("envelope", v["envelope"], envelope)
    same("hash", v["hash"], H("envelope", envelope))
    opened = AESGCM(both[:32]).decrypt(bytes(12), decode(v["envelope"])[9], context)
    length = int.from_bytes(opened[:4], "big")
    same("opened content", v["content_bytes"], opened[4 : 4 + length])


def commit(v, same):
    for one in v["commits"]:
        changes = []
        for change in one["changes"]:
            content = (4, (1,)) if change["tombstone"] else (3, (change["envelope_hash"],))
            same("only a tombstone has no envelope", change["tombstone"], int(change["envelope_hash"] == bytes(32)))
            changes.append(message((1, change["item"]), (2, change["revision"]), content))
        body = message(
            (1, 1),
            (2, one["seq"]),
            (3, one["prev"]),
            (4, one["author"]),
            (5, one["at"]),
            (6, one["epoch"]),
            (7, one["roster_head"]),
            (8, one["set_hash"]),
            (9, one["count"]),
            *repeated(10, changes),
        )
        same(f"commit {one['seq']}: bytes", one["body"], body)
        _, signature = sign(one["author_algorithm"], one["author_secret"], "commit", body)
        same(f"commit {one['seq']}: signature", one["signature"], signature)
        same(f"commit {one['seq']}: hash", one["hash"], H("commit", body))


def lanes(element):
    tombstone = bytes([element["tombstone"]])
    data = ns("set-element", element["item"], u64(element["revision"]), element["envelope_hash"], tombstone)
    output = blake3.blake3(data).digest(length=2048)
    return memoryview(output).cast("H") if sys.byteorder == "little" else [
        int.from_bytes(output[at : at + 2], "little") for at in range(0, 2048, 2)
    ]  # fmt: skip


def state_bytes(state):
    return b"".join(lane.to_bytes(2, "little") for lane in state)


def set_hash(v, same):
    before, state = {}, [0] * 1024
    for number, one in enumerate(v["sets"]):
        elements = {element["item"]: element for element in one["elements"]}
        # Only what changed is taken out and put in.
        for changed in [name for name in elements if elements[name] != before.get(name)]:
            if changed in before:
                state = [(lane - old) % 65536 for lane, old in zip(state, lanes(before[changed]))]
            state = [(lane + new) % 65536 for lane, new in zip(state, lanes(elements[changed]))]
        before = elements
        same(f"state after {number} commits", one["state"], state_bytes(state))
        same(f"digest after {number} commits", one["digest"], H("set-hash", v["account"], one["state"]))


def recovery_keys(v, same):
    same("signing seed", v["signing_seed"], kdf(v["code"], v["account"], "recovery-signing"))
    same("wrapping seed", v["wrapping_seed"], kdf(v["code"], v["account"], "recovery-wrapping"))
    same("lookup", v["lookup"], kdf(v["code"], b"", "recovery-lookup"))
    same("lookup hash", v["lookup_hash"], H("recovery-index", v["lookup"]))
    public, _ = sign_ed25519(v["signing_seed"], "receipt", b"")
    same("signing key", v["keys"]["signing_key"], public)
    wrapping = x_wing_public(v["wrapping_seed"])
    same("wrapping key", v["keys"]["wrapping_key"][-len(wrapping) :], wrapping)
    same("member id", v["member"], member_id(v["keys"]))


def remove(v, same):
    rotation = v["rotation"]
    same("commitment", rotation["commitment"], commitment(v["epoch_key"], v["account"], rotation["epoch"]))
    body = message(*repeated(1, v["members"]), (2, rotate(rotation, same)))
    entry(v["entry"], v["made"], same, 19, body)
    sealed_to = [sealed["member"] for sealed in rotation["sealed"]]
    same("nothing is sealed to the removed", [], [member for member in v["members"] if member in sealed_to])


def receipt(v, same):
    for one in v["receipts"]:
        body = message((1, 1), (2, one["account"]), (3, one["chain"]), (4, one["seq"]), (5, one["head"]))
        name = f"chain {one['chain']} at {one['seq']}"
        same(f"{name}: bytes", one["body"], body)
        public, signature = sign_ed25519(v["log_seed"], "receipt", body)
        same(f"{name}: signature", one["signature"], signature)
        same(f"{name}: log key", v["log_key"], public)


def safety_number(v, same):
    heads = [v["account"], u64(v["roster_seq"]), v["roster_head"], u64(v["vault_seq"]), v["vault_head"]]
    digest = H("safety-number", *heads)
    groups = [f"{int.from_bytes(digest[at : at + 6], 'big') % 100000:05}" for at in range(0, 30, 6)]
    same("number", v["printed"], " ".join(groups))


def session_secret(v):
    id_bytes = u32(v["kid"]) + v["account"] + v["device"] + u64(v["expires_at"]) + v["random"]
    return id_bytes, kdf(v["session_key"], b"", "session-secret", id_bytes)


def session(v, same):
    fields = [(1, 1), (2, v["account"]), (3, v["device"]), (4, v["server"]), (5, v["at"]), (6, v["nonce"])]
    body = message(*fields)
    same("SessionOpen", v["body"], body)
    _, signature = sign_ed25519(v["device_seed"], "session-open", body)
    same("signature", v["signature"], signature)
    id_bytes, secret = session_secret(v)
    same("id", v["session"], base32(id_bytes))
    same("secret", v["secret"], secret)


def request_signature(v, same):
    for one in v["requests"]:
        b64 = base64.b64encode(hashlib.sha256(one["body"]).digest()).decode()
        digest = f"sha-256=:{b64}:"
        same(f"{one['method']} Content-Digest", one["content_digest_field"], digest)
        nonce = base64.urlsafe_b64encode(one["nonce"]).decode().rstrip("=")
        parameters = (
            f'("@method" "@target-uri" "content-digest");created={one["created"]};nonce="{nonce}"'
            f';keyid="{v["session"]}";tag="keyfold"'
        )
        same(f"{one['method']} Signature-Input", one["signature_input_field"], f"keyfold={parameters}")
        base = (
            f'"@method": {one["method"]}\n"@target-uri": {one["target_uri"]}\n"content-digest": {digest}\n'
            f'"@signature-params": {parameters}'
        )
        mac = base64.b64encode(hmac.digest(v["secret"], base.encode(), "sha256")).decode()
        same(f"{one['method']} Signature", one["signature_field"], f"keyfold=:{mac}:")


def device_secrets(v):
    return message(
        (1, 1),
        (2, v["account"]),
        (3, v["signing_algorithm"]),
        (4, v["signing_key"]),
        (5, v["wrapping_key"]),
        (6, v["local_key"]),
    )


def sealed_secrets(v, same):
    content = device_secrets(v)
    header = u32(1) + u32(65536) + u32(3) + u32(1) + v["salt"]
    both = kdf(argon2id(v["passphrase"].encode(), v["salt"]), b"", "passphrase-key", header, length=64)
    ciphertext = AESGCM(both[:32]).encrypt(v["nonce"], content, header)
    sealed = message(
        (1, 1), (2, 65536), (3, 3), (4, 1), (5, v["salt"]), (6, v["nonce"]), (7, both[32:]), (8, ciphertext)
    )
    same("sealed secrets", v["sealed"], sealed)


def keyring_secrets(v, same):
    header = u32(1) + u32(1) + v["account"] + v["device"]
    both = kdf(v["key"], b"", "keyring-key", header, length=64)
    ciphertext = AESGCM(both[:32]).encrypt(v["nonce"], device_secrets(v), header)
    same("keyring secrets", v["sealed"], message((1, 1), (2, 1), (3, v["nonce"]), (4, both[32:]), (5, ciphertext)))


CHECKS = {
    "device-id": device_id,
    "genesis": genesis,
    "first-rotation": first_rotation,
    "epoch-commitment": epoch_commitment,
    "sealed-key": sealed_key,
    "epoch-link": epoch_link,
    "enrolment": enrolment,
    "add-device": add_device,
    "item-envelope": item_envelope,
    "commit": commit,
    "set-hash": set_hash,
    "recovery-keys": recovery_keys,
    "remove": remove,
    "receipt": receipt,
    "safety-number": safety_number,
    "session": session,
    "request-signature": request_signature,
    "sealed-secrets": sealed_secrets,
    "keyring-secrets": keyring_secrets,
}


def story(v, same):
    """The files tell one story: each entry and commit follows the one before."""
    genesis_hash, rotation = v["genesis"]["made"]["hash"], v["first-rotation"]
    same("entry 1 follows the genesis", rotation["entry"]["prev"], genesis_hash)
    same("entry 2 follows entry 1", v["add-device"]["entry"]["prev"], rotation["made"]["hash"])
    first, second = v["commit"]["commits"]
    same("commit 1 follows the empty vault", first["prev"], v["genesis"]["vault_zero"])
    same("commit 1 names entry 2", first["roster_head"], v["add-device"]["made"]["hash"])
    same("commit 2 follows commit 1", second["prev"], first["hash"])
    same("the removal names commit 2", v["remove"]["entry"]["vault_head"], second["hash"])
    empty, after_first, after_second = v["set-hash"]["sets"]
    same("the vault begins empty", empty["elements"], [])
    same("commit 1's set hash", first["set_hash"], after_first["digest"])
    same("commit 2's set hash", second["set_hash"], after_second["digest"])
    hashes_named = [change["envelope_hash"] for change in second["changes"]]
    same("commit 2 names the envelope", True, v["item-envelope"]["hash"] in hashes_named)
    same("the transcript is the entry's", v["enrolment"]["transcript"], v["add-device"]["transcript"])
    same("the phone's key opens", v["sealed-key"]["sealed"], v["add-device"]["sealed"])
    same("the QR MAC is of the entry", v["enrolment"]["entry_hash"], v["add-device"]["made"]["hash"])
    same("the roster's receipt", v["receipt"]["receipts"][0]["head"], v["remove"]["made"]["hash"])
    same("the vault's receipt", v["receipt"]["receipts"][1]["head"], second["hash"])
    same("the link is the removal's", v["epoch-link"]["link"], v["remove"]["rotation"]["links"][0]["link"])
    same("the session signs requests", v["request-signature"]["session"], v["session"]["session"])
    same("both seals hold the same secrets", device_secrets(v["keyring-secrets"]), device_secrets(v["sealed-secrets"]))
    accounts = {
        value["account"] for value in v.values() if "account" in value
    }  # fmt: skip
    same("one account", accounts, {v["genesis"]["account"]})


# --- Running them ----------------------------------------------------------------------------------------------------


def load():
    files = {path.stem: json.loads(path.read_text("ascii")) for path in sorted(VECTORS.glob("*.json"))}
    if files.keys() != CHECKS.keys():
        sys.exit(f"proto/vectors holds {sorted(files.keys() ^ CHECKS.keys())} too much or too little")
    return files


def run(files):
    passed = failed = 0

    def checking(name):
        def same(what, stored, derived):
            nonlocal passed, failed
            if stored == derived:
                passed += 1
                print(f"ok    {name}: {what}")
            else:
                failed += 1
                print(f"WRONG {name}: {what}")

        return same

    parsed = {name: unhex(value) for name, value in files.items()}
    for name, check in [*CHECKS.items(), ("story", story)]:
        try:
            check(parsed if check is story else parsed[name], checking(name))
        except Exception as error:  # Whatever goes wrong while a vector is read is the vector's fault.
            failed += 1
            print(f"WRONG {name}: {type(error).__name__}: {error}")
    if not mlkem:
        print("not checked: X-Wing decapsulation and ML-KEM public keys (this `cryptography` has no ML-KEM)")
    print(f"{passed} checks passed, {failed} failed, in {len(CHECKS)} vectors")
    return failed == 0


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, each in value.items():
            if name != "about":
                yield from leaves(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path, value


def changes(path, leaf):
    """The leaf with one byte changed, for each of its bytes."""
    if isinstance(leaf, int):
        yield leaf + 1
    elif path[-1] in TEXTS:
        for at, char in enumerate(leaf):
            yield leaf[:at] + ("x" if char != "x" else "y") + leaf[at + 1 :]
    else:
        data = bytes.fromhex(leaf)
        for at in range(len(data)):
            yield (data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]).hex()


def noticed(check, vector):
    def same(what, stored, derived):
        require(stored == derived, what)

    try:
        check(unhex(vector), same)
    except Exception:
        return True
    return False


def self_test(files):
    tried = missed = 0
    for name, check in CHECKS.items():
        before = tried
        for path, leaf in list(leaves(files[name])):
            vector = copy.deepcopy(files[name])
            holder = functools.reduce(lambda value, key: value[key], path[:-1], vector)
            for changed in changes(path, leaf):
                holder[path[-1]] = changed
                tried += 1
                if not noticed(check, vector):
                    missed += 1
                    print(f"MISSED {name}: {'.'.join(map(str, path))} = {str(changed)[:80]}")
        print(f"{name}: {tried - before} changes")
    print(f"{tried} changes of one byte, {tried - missed} noticed, {missed} missed")
    return missed == 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments not in ([], ["--self-test"]):
        sys.exit(__doc__)
    vectors = load()
    good = run(vectors)
    if good and arguments:
        good = self_test(vectors)
    sys.exit(0 if good else 1)
