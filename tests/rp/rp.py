"""A relying party on PyPI `webauthn`: it asks for a passkey, and accepts or refuses what comes back.

Each call is one step; between calls the state lies in a JSON file, as a site would keep it in its database.

    rp.py STATE register-options --rp-id ID --user NAME      writes PublicKeyCredentialCreationOptionsJSON
    rp.py STATE register-verify                              reads RegistrationResponseJSON
    rp.py STATE sign-in-options                              writes PublicKeyCredentialRequestOptionsJSON
    rp.py STATE sign-in-verify                               reads AuthenticationResponseJSON

The verify steps write {"accepted": true, ...} with BE, BS, sign count and AAGUID as the library saw them, or
{"accepted": false, "reason": ...} and exit with 1. User verification is always required.
"""

import argparse
import json
import secrets
import sys
from pathlib import Path

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier


def main() -> int:
    args = parse()
    state = json.loads(args.state.read_text()) if args.state.exists() else {}
    answer = STEPS[args.step](state, args)
    args.state.write_text(json.dumps(state, indent=1))
    print(answer if isinstance(answer, str) else json.dumps(answer))
    return 0 if isinstance(answer, str) or answer["accepted"] else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--rp-id", default="example.com")
    parser.add_argument("--origin", help="default: https://RP-ID")
    parser.add_argument("--user", default="ana@example.com")
    parser.add_argument("--algorithm", choices=["es256", "eddsa"], default="es256")
    return parser.parse_args()


def register_options(state: dict, args: argparse.Namespace) -> str:
    algorithm = {
        "es256": COSEAlgorithmIdentifier.ECDSA_SHA_256,
        "eddsa": COSEAlgorithmIdentifier.EDDSA,
    }[args.algorithm]
    options = webauthn.generate_registration_options(
        rp_id=args.rp_id,
        rp_name=f"The shop at {args.rp_id}",
        user_id=secrets.token_bytes(32),
        user_name=args.user,
        user_display_name=args.user.split("@")[0].title(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=[algorithm],
    )
    state["rp_id"] = args.rp_id
    state["origin"] = args.origin or f"https://{args.rp_id}"
    state["challenge"] = bytes_to_base64url(options.challenge)
    return webauthn.options_to_json(options)


def register_verify(state: dict, _args: argparse.Namespace) -> dict:
    def verify(response: str) -> dict:
        verified = webauthn.verify_registration_response(
            credential=response,
            expected_challenge=base64url_to_bytes(state["challenge"]),
            expected_rp_id=state["rp_id"],
            expected_origin=state["origin"],
            require_user_verification=True,
        )
        state["credential_id"] = bytes_to_base64url(verified.credential_id)
        state["public_key"] = bytes_to_base64url(verified.credential_public_key)
        state["sign_count"] = verified.sign_count
        return {
            "credential_id": state["credential_id"],
            "aaguid": verified.aaguid,
            "format": verified.fmt,
            "backup_eligible": verified.credential_device_type == "multi_device",
            "backed_up": verified.credential_backed_up,
            "user_verified": verified.user_verified,
            "sign_count": verified.sign_count,
        }

    return judge(verify)


def sign_in_options(state: dict, _args: argparse.Namespace) -> str:
    options = webauthn.generate_authentication_options(
        rp_id=state["rp_id"],
        allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(state["credential_id"]))],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    state["challenge"] = bytes_to_base64url(options.challenge)
    return webauthn.options_to_json(options)


def sign_in_verify(state: dict, _args: argparse.Namespace) -> dict:
    def verify(response: str) -> dict:
        verified = webauthn.verify_authentication_response(
            credential=response,
            expected_challenge=base64url_to_bytes(state["challenge"]),
            expected_rp_id=state["rp_id"],
            expected_origin=state["origin"],
            credential_public_key=base64url_to_bytes(state["public_key"]),
            credential_current_sign_count=state["sign_count"],
            require_user_verification=True,
        )
        return {
            "credential_id": bytes_to_base64url(verified.credential_id),
            "backup_eligible": verified.credential_device_type == "multi_device",
            "backed_up": verified.credential_backed_up,
            "user_verified": verified.user_verified,
            "sign_count": verified.new_sign_count,
        }

    return judge(verify)


def judge(verify) -> dict:
    try:
        return {"accepted": True, **verify(sys.stdin.read())}
    except Exception as refusal:  # whatever the library raises is its refusal
        return {"accepted": False, "reason": f"{type(refusal).__name__}: {refusal}"}


STEPS = {
    "register-options": register_options,
    "register-verify": register_verify,
    "sign-in-options": sign_in_options,
    "sign-in-verify": sign_in_verify,
}

if __name__ == "__main__":
    sys.exit(main())
