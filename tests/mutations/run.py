#!/usr/bin/env python3
"""Takes one defence after the other out of a copy of the program, and holds that its tests fail then.

    tests/mutations/run.py [NAME...]     these mutations, or all

A mutation is NAME.patch beside this file: a line `# WHAT IS GONE`, a line `# fails: TEST` for each test that must fail,
and the patch. A test is a function `threat_NN_…` in Rust, or one of the browser extension's whose title begins `threat NN: `. The copy is of HEAD; it and what is built from it stay below target/mutations.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "mutations"
TREE = PLACE / "tree"
# A test that waits for ever has not failed.
PATIENCE = 300
# The target of the extension's tests, which are no Rust.
EXTENSION = "extension"


class Trouble(Exception):
    """Why a mutation does not show what it should."""


class Mutation:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        lines = path.read_text(encoding="utf-8").splitlines()
        self.what = lines[0].removeprefix("# ")
        self.fails = [line.removeprefix("# fails: ") for line in lines if line.startswith("# fails: ")]
        threat = self.name.split("-")[0]
        if not lines[0].startswith("# ") or not self.fails:
            raise Trouble("it does not say what is gone, and which tests fail")
        if not all(test.startswith((f"threat_{threat}_", f"threat {threat}: ")) for test in self.fails):
            raise Trouble(f"its tests are not those of threat {threat}")


def run(*command, folder=None):
    """A command's output; trouble if it fails."""
    done = subprocess.run(command, cwd=folder or TREE, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # The first error, behind the warnings that a mutation makes.
        error = done.stderr[max(0, f"\n{done.stderr}".find("\nerror")):].strip()
        raise Trouble(f"{' '.join(command)}:\n{error[:2000]}")
    return done.stdout


def make_tree():
    """A copy of HEAD with its own target folder."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    if not TREE.exists():
        # Forced: git may remember a copy that was deleted.
        subprocess.run([*git, "worktree", "add", "--quiet", "--force", "--detach", str(TREE), head], check=True)
    # Else git would take the repository around it, and undo what somebody is writing there.
    if common_folder(TREE) != common_folder(ROOT) or Path(run("git", "rev-parse", "--show-toplevel").strip()) != TREE:
        raise Trouble(f"{TREE} is no copy of this repository: remove it")
    restore()
    run("git", "checkout", "--quiet", "--detach", head)
    os.environ["CARGO_TARGET_DIR"] = str(PLACE / "target")


def common_folder(tree):
    """Where the repository of a working tree is, which all its working trees share."""
    return Path(subprocess.run(
        ["git", "-C", str(tree), "rev-parse", "--path-format=absolute", "--git-common-dir"],
        capture_output=True, text=True, check=True,
    ).stdout.strip())


def restore():
    """Undoes a mutation; only what it changed gets a new time, so that only that is built again."""
    run("git", "checkout", "--quiet", "--", ".")
    run("git", "clean", "--quiet", "--force", "-d")


def test_targets():
    """Which test target holds each threat's test: the name after tests/, or the crate's own library."""
    targets = {}
    for file in sorted(TREE.glob("crates/*/**/*.rs")) + sorted(TREE.glob("tests/tests/**/*.rs")):
        parts = file.relative_to(TREE).parts
        target = Path(parts[parts.index("tests", 1) + 1]).stem if "tests" in parts[1:] else "--lib"
        for test in re.findall(r"fn (threat_\w+)", file.read_text(encoding="utf-8")):
            targets.setdefault(test, set()).add(target)
    for file in sorted(TREE.glob("crates/extension/test/*.test.ts")):
        for test in re.findall(r"^test\('(threat \w+: [^']+)'", file.read_text(encoding="utf-8"), re.MULTILINE):
            targets.setdefault(test, set()).add(EXTENSION)
    return targets


def of_extension(test):
    return test.startswith("threat ")


def extension_outcomes(tests):
    """What each of these tests of the extension says as it fails; `None` if it passes."""
    copy = PLACE / "extension"
    packages = copy / "node_modules"
    lock = (TREE / "crates/extension/package-lock.json").read_bytes()
    for file in copy.glob("*"):
        if file != packages:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    shutil.copytree(TREE / "crates/extension", copy, dirs_exist_ok=True)
    made_of = packages / "made-of"
    if not made_of.exists() or made_of.read_bytes() != lock:
        run("npm", "ci", "--silent", folder=copy)
        made_of.write_bytes(lock)
    run("node", "build.mjs", "test", folder=copy)
    files = sorted(str(file) for file in (copy / "dist/test").glob("*.mjs"))
    done = subprocess.run(["node", "--test", "--test-reporter=tap", "--test-concurrency=1", *files],
                          cwd=copy, capture_output=True, text=True, check=False, timeout=PATIENCE)
    said = {}
    for how, title, more in re.findall(r"^ *(not ok|ok) \d+ - (.+?)$(.*?)(?=^ *(?:not ok|ok) |\Z)", done.stdout,
                                       re.MULTILINE | re.DOTALL):
        why = re.search(r"error: (?:\|-\s+)?(.*)", more)
        said[title] = None if how == "ok" else (why[1][:200] if why else "it fails")
    missing = [test for test in tests if test not in said]
    if missing:
        raise Trouble(f"there is no test {', '.join(missing)}, or it did not come to an end")
    return {test: said[test] for test in tests}


def build(targets):
    """Builds the test targets, and the programs that some of them start; gives the executables."""
    targets = targets - {EXTENSION}
    if not targets:
        return []
    chosen = [argument for target in sorted(targets) for argument in (["--test", target] if target != "--lib" else ["--lib"])]
    if any(target.startswith("e2e_") for target in targets):
        run("cargo", "build", "--workspace", "--locked", "--quiet", "--bins")
    told = run("cargo", "test", "--workspace", "--locked", "--quiet", "--no-run",
               "--message-format=json-render-diagnostics", *chosen)
    executables = []
    for message in map(json.loads, filter(None, told.splitlines())):
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            executables.append((Path(message["manifest_path"]).parent, message["executable"]))
    return executables


def outcomes(executables, tests):
    """What each of these tests says as it fails; `None` if it passes."""
    in_rust = [test for test in tests if not of_extension(test)]
    in_extension = [test for test in tests if of_extension(test)]
    said = rust_outcomes(executables, in_rust) if in_rust else {}
    return said | (extension_outcomes(in_extension) if in_extension else {})


def rust_outcomes(executables, tests):
    said = {}
    for folder, executable in executables:
        process = subprocess.Popen(
            [executable, *tests], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
            env={**os.environ, "CARGO_MANIFEST_DIR": str(folder), "RUST_BACKTRACE": "0"},
        )
        try:
            told, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Trouble(f"{Path(executable).name} does not come to an end") from None
        finally:
            # With it what it started, which nobody would stop any more.
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        for name, how in re.findall(r"^test (?:\S+::)?(\w+) \.\.\. (ok|FAILED)$", told, re.MULTILINE):
            said[name] = None if how == "ok" else "it fails"
        for name, why in re.findall(r"^---- (?:\S+::)?(\w+) stdout ----$(.*?)(?=^---- |\Z)", told, re.MULTILINE | re.DOTALL):
            where = re.search(r"panicked at (\S+):\n(.*)", why)
            if where:
                said[name] = f"{where[1]}: {where[2][:200]}"
    missing = [test for test in tests if test not in said]
    if missing:
        raise Trouble(f"there is no test {', '.join(missing)}, or it did not come to an end")
    return {test: said[test] for test in tests}


def can_be_checked(mutation, targets):
    """Trouble that shows before anything is built."""
    unknown = [test for test in mutation.fails if test not in targets]
    if unknown:
        raise Trouble(f"there is no test {', '.join(unknown)}")
    run("git", "apply", "--check", str(mutation.path))


def check(mutation, targets):
    """Applies a mutation, and holds that its tests fail; gives what they say."""
    try:
        run("git", "apply", str(mutation.path))
        executables = build(set().union(*(targets[test] for test in mutation.fails)))
        said = outcomes(executables, mutation.fails)
    finally:
        restore()
    blind = [test for test, why in said.items() if why is None]
    if blind:
        raise Trouble(f"still passes: {', '.join(blind)}")
    return said


def main(names):
    paths = sorted(HERE.glob("*.patch"))
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        raise Trouble(f"there is no {', '.join(sorted(unknown))}.patch")
    PLACE.mkdir(parents=True, exist_ok=True)
    lock = (PLACE / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Trouble(f"{PLACE} is in use by another run") from None
    make_tree()
    targets = test_targets()
    troubles = []
    mutations = []
    for path in paths:
        if names and path.stem not in names:
            continue
        try:
            mutation = Mutation(path)
            can_be_checked(mutation, targets)
            mutations.append(mutation)
        except Trouble as trouble:
            troubles.append(f"{path.stem}: {trouble}")
            print(f"  !! {troubles[-1]}", flush=True)
    threats = {re.split("[ _:]", test)[1] for test in targets}
    without = sorted(threats - {path.stem.split("-")[0] for path in paths})
    troubles += [f"threat {threat} has tests and no mutation" for threat in without]

    print("without a mutation; the first build takes some minutes", flush=True)
    tests = sorted({test for mutation in mutations for test in mutation.fails})
    said = outcomes(build(set().union(*(targets[test] for test in tests))), tests) if tests else {}
    troubles += [f"fails without any mutation: {test}: {why}" for test, why in said.items() if why]
    for number, mutation in enumerate(mutations, start=1):
        print(f"{number}/{len(mutations)} {mutation.name}: {mutation.what}", flush=True)
        begun = time.monotonic()
        try:
            for test, why in check(mutation, targets).items():
                print(f"  noticed by {test}\n    {why}", flush=True)
            print(f"  after {time.monotonic() - begun:.0f} s", flush=True)
        except Trouble as trouble:
            troubles.append(f"{mutation.name}: {trouble}")
            print(f"  !! {trouble}", flush=True)
    if troubles:
        raise Trouble("\ntests/mutations: ".join(troubles))
    print(f"{len(mutations)} mutations, each noticed")


if __name__ == "__main__":
    # So that an end from outside undoes the mutation and stops the tests, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("tests/mutations: stopped"))
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        sys.exit(f"tests/mutations: {trouble}")
    except KeyboardInterrupt:
        sys.exit("tests/mutations: stopped")
