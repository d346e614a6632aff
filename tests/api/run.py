"""Asks a real keyfoldd all that its OpenAPI document lets anybody ask, and much that it does not, with schemathesis.

    run.py FOLDER       the folder of keyfoldd and keyfold

Fails where an answer is not as the document says, where a refusal is not a problem that the document names, and where an operation
was never done: each must have answered 200 to somebody who may ask it.
"""

import collections
import functools
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import schemathesis
from openapi_spec_validator import validate
from schemathesis.cli import schemathesis as command_line

from world import BOTH_SCOPES, World

HERE = Path(__file__).resolve().parent
TEXT = "urn:keyfold:problem:"
PROBLEM = "application/problem+json"
# Stand in examples for what is good once; each is drawn anew as it is sent.
NONCE, ASSERTION = "a nonce of its own", "an assertion of its own"


def main(programs):
    with tempfile.TemporaryDirectory(prefix="keyfold-api.") as folder, World(programs, Path(folder)) as world:
        document = world.session().get(f"{world.url}/v1/openapi.json", timeout=60).json()
        validate(document)
        operations = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        refusals = by_hand(world, document)
        written = Path(folder) / "openapi.json"
        written.write_text(json.dumps(document))
        answers, found = by_schemathesis(world, written, operations)
        return judged(world, operations, answers, refusals, found)


def judged(world, operations, answers, refusals, found):
    """Prints what was answered; gives the exit code."""
    for name, operation in operations.items():
        told = ", ".join(f"{count} × {status}" for status, count in sorted(answers[name].items()))
        print(f"{name}: {told or 'nothing'}")
        if 200 not in answers[name]:
            found.append(f"{name} was never done: no answer was 200")
        if not any(400 <= status != 405 for status in answers[name]) and operation.get("parameters"):
            found.append(f"{name} was never refused")
    if not world.lives():
        found.append(f"keyfoldd has ended:\n{world.log.read_text()}")
    if "panicked" in world.log.read_text():
        found.append(f"keyfoldd panicked:\n{world.log.read_text()}")
    asked = sum(sum(statuses.values()) for statuses in answers.values())
    print(f"{len(operations)} operations, {asked} requests of schemathesis, {refusals} refusals by hand, {len(found)} findings")
    for finding in found:
        print(f"FOUND {finding}", file=sys.stderr)
    return 1 if found else 0


# By schemathesis: what is drawn from the schemas, kept to them and not.


def by_schemathesis(world, document, operations):
    """What each operation answered, how often; and what schemathesis has found."""
    answers, found = collections.defaultdict(collections.Counter), []
    ids = {"tenant": world.tenant, "device": world.device, "list": 1}

    @schemathesis.auth(refresh_interval=240)
    class AccessToken:
        def get(self, case, context):
            return world.token()

        def set(self, case, token, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    @schemathesis.deserializer("application/json")
    def read(context, response):
        """It takes a JWT for JSON otherwise."""
        return response.text if response.headers["content-type"] == ["application/jwt"] else response.json()

    @schemathesis.hook
    def before_load_schema(context, raw_schema):
        """Gives true examples: the document's own are nobody's."""
        bodies = {
            "/v1/rp/registrations": world.registration,
            "/v1/rp/assertions": world.assertion,
            "/v1/rp/evidence": world.passkey | {"nonce": NONCE},
            "/v1/tenants/{tenant}/token": world.token_request() | {"client_assertion": ASSERTION},
        }
        for path, methods in raw_schema["paths"].items():
            for operation in methods.values():
                for parameter in operation.get("parameters", []):
                    if parameter["name"] in ids:
                        parameter["example"] = ids[parameter["name"]]
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    content["example"] = bodies[path]

    @schemathesis.hook
    def map_path_parameters(context, path_parameters):
        """Half of the ids that could be one are one."""
        for name, value in (path_parameters or {}).items():
            if name == "list" or re.fullmatch("[a-n][a-z2-7]{25}", str(value)):
                path_parameters[name] = ids[name]
        return path_parameters

    @schemathesis.hook
    def before_call(context, case, kwargs):
        body = case.body
        if isinstance(body, dict) and body.get("nonce") == NONCE:
            case.body = body | {"nonce": f"{time.time_ns()}"}
        if isinstance(body, dict) and body.get("client_assertion") == ASSERTION:
            case.body = body | {"client_assertion": world.token_request()["client_assertion"]}

        key = (case.headers or {}).get("Idempotency-Key")
        if isinstance(key, str) and key != key.strip(" \t"):
            # Who reads a header never sees what is around its value (RFC 9110 §5.5).
            case.headers["Idempotency-Key"] = key.strip(" \t")

    @schemathesis.hook
    def after_call(context, case, response):
        answers[case.operation.label][response.status_code] += 1

    @schemathesis.check
    def refusals_are_named(context, response, case):
        """A problem is one that the operation names for its status, and the status is in it."""
        if response.status_code < 400 or response.status_code == 405:
            return
        wrong = not_named(operations[case.operation.label], response.status_code, response.headers, response.json())
        assert not wrong, wrong

    arguments = ["--config-file", str(HERE / "schemathesis.toml"), "--no-color", "run", str(document)]
    arguments += ["--url", world.url, "--tls-verify", str(world.ca), "--checks", "all"]
    # What it keeps for another run goes with the world.
    os.chdir(document.parent)
    try:
        # From a file: an operation that gives the document itself would be left out otherwise.
        command_line(arguments, standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            found.append(f"schemathesis ended with {ended.code}: see what it says above")
    return answers, found


def not_named(operation, status, headers, told):
    """What is wrong with a refusal, if anything is."""
    documented = operation["responses"].get(str(status))
    if not documented:
        return f"{status} is not documented"
    kind, = headers["content-type"]
    if kind not in documented["content"]:
        return f"{status} is {kind}"
    name = told["error"] if kind == "application/json" else told["type"].removeprefix(TEXT)
    if name not in re.split(r"[,:]? ", documented["description"]):
        return f"{status} is {name}, and not {documented['description']}"
    if kind == PROBLEM and (told["status"] != status or not told["title"] or not told["detail"]):
        return f"{told} is not of its form"
    return None


# By hand: what schemathesis does not send, or would take either way.


def by_hand(world, document):
    """Holds each of these; gives how many there were."""
    session, count = world.session(), 0
    bearer = {"Authorization": f"Bearer {world.token()}"}

    def refused(status, name, method, path, headers=None, **sent):
        nonlocal count
        answer = session.request(method, world.url + path, headers=headers, timeout=60, **sent)
        about = f"{method} {path}: {answer.status_code} {answer.headers} {answer.text[:200]}"
        assert answer.status_code == status, about
        assert answer.headers["Content-Type"] == (PROBLEM if name.startswith(TEXT) else "application/json"), about
        assert answer.json()["type" if name.startswith(TEXT) else "error"] == name, about
        assert answer.headers["Cache-Control"] == "no-store", about
        count += 1
        return answer

    for template, methods in document["paths"].items():
        path = template.format(tenant=world.tenant, device=world.device, list=1)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"):
            if method.lower() not in methods:
                answer = refused(405, TEXT + "method", method, path)
                assert answer.headers.get("Allow") == ", ".join(sorted(name.upper() for name in methods)), answer.headers
        for method, operation in methods.items():
            problem = functools.partial(refused, method=method, path=path)
            by_rfc_6749 = template.endswith("/token")
            form = {"Content-Type": "application/x-www-form-urlencoded"} if by_rfc_6749 else {}
            malformed = "invalid_request" if by_rfc_6749 else TEXT + "malformed"
            refused(400, malformed, method, f"{path}?whatever=1", bearer | form)
            if "security" in operation:
                answer = problem(401, TEXT + "unauthenticated")
                assert answer.headers.get("WWW-Authenticate") == "Bearer", answer.headers
                for token in ("", "x", bearer["Authorization"][7:] + "A"):
                    problem(401, TEXT + "unauthenticated", headers={"Authorization": f"Bearer {token}"})
                problem(401, TEXT + "unauthenticated", headers={"Authorization": "Basic eDp5"})
                other, = set(BOTH_SCOPES.split()) - set(operation["security"][0]["access_token"])
                narrow = {"Authorization": f"Bearer {world.token(other)}"}
                problem(403, TEXT + "insufficient-scope", headers=narrow)
            if "requestBody" in operation:
                json_type = {"Content-Type": "application/json"}
                wrong, right = (json_type, form) if by_rfc_6749 else ({"Content-Type": "text/plain"}, json_type)
                status, name = (400, malformed) if by_rfc_6749 else (415, TEXT + "media-type")
                problem(status, name, headers=bearer | wrong, data=b"{}")
                problem(status, name, headers=bearer, data=b"{}")
                problem(413, TEXT + "too-large", headers=bearer | right, data=b" " * 65_537)
                problem(413, TEXT + "too-large", headers=bearer | right, data=iter([b" " * 65_537]))
                for nonsense in (b"", b"\xff", b"{", b"[" * 60_000 if not by_rfc_6749 else b"=&=", b"null"):
                    problem(400, malformed, headers=bearer | right, data=nonsense)
            elif method == "get" and template != "/v1/openapi.json":
                problem(413, TEXT + "too-large", headers=bearer, data=b"x")
    nobody = "a" * 26
    for path in (f"/v1/tenants/{nobody}", f"/v1/tenants/{nobody}/jwks", f"/v1/tenants/{nobody}/metadata", "/v1/tenants/x",
                 "/v1/tenants/%ff", f"/v1/rp/status/{nobody}/1", f"/v1/rp/status/{world.tenant}/x", "/v1/rp/x", "/v1/rp/",
                 "/v1/rp/evidence/", "/v1/devices/x", f"/v1/rp/status/{world.tenant}/4294967296"):
        refused(404, TEXT + "not-found", "GET", path)
    for device in (nobody, "x", "%ff", world.tenant):
        refused(404, TEXT + "not-found", "GET", f"/v1/devices/{device}/compliance", bearer)
    for origins in ([], ["https://shop.example"] * 17):
        asked = world.registration["asked"] | {"origins": origins}
        body = world.registration | {"asked": asked}
        refused(400, TEXT + "malformed", "POST", "/v1/rp/registrations", bearer, json=body)
    return count


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
