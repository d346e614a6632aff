#!/usr/bin/env python3
"""Takes one defence after the other out of a copy of the program, and holds that its tests fail then.

    tests/mutations/run.py [NAME...]     these mutations, or all

A mutation is NAME.patch beside this file: a line `# WHAT IS GONE`, a line `# fails: TEST` for each test that must fail,
and the patch. The copy is of HEAD; it and what is built from it stay below target/mutations.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "mutations"
TREE = PLACE / "tree"
# A test that waits for ever has not failed.
PATIENCE = 300


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
        if not all(test.startswith(f"threat_{threat}_") for test in self.fails):
            raise Trouble(f"its tests are not those of threat {threat}")


def run(*command, **options):
    """A command's output; trouble if it fails."""
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def make_tree():
    """A copy of HEAD with its own target folder."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*git, "worktree", "prune"], check=True)
    if not TREE.exists():
        TREE.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(TREE), head], check=True)
    restore()
    run("git", "checkout", "--quiet", "--detach", head)
    os.environ["CARGO_TARGET_DIR"] = str(PLACE / "target")


def restore():
    """Undoes a mutation; only what it changed gets a new time, so that only that is built again."""
    run("git", "checkout", "--quiet", "--", ".")


def test_targets():
    """Which test target holds each threat's test: the name after tests/, or the crate's own library."""
    targets = {}
    for file in sorted(TREE.glob("crates/*/**/*.rs")) + sorted(TREE.glob("tests/tests/**/*.rs")):
        parts = file.relative_to(TREE).parts
        target = Path(parts[parts.index("tests", 1) + 1]).stem if "tests" in parts[1:] else "--lib"
        for test in re.findall(r"fn (threat_\w+)", file.read_text(encoding="utf-8")):
            targets.setdefault(test, set()).add(target)
    return targets


def build(targets):
    """Builds the test targets, and the programs that some of them start; gives the executables."""
    chosen = [argument for target in sorted(targets) for argument in (["--test", target] if target != "--lib" else ["--lib"])]
    if any(target.startswith("e2e_") for target in targets):
        run("cargo", "build", "--workspace", "--locked", "--quiet", "--bins")
    told = run("cargo", "test", "--workspace", "--locked", "--quiet", "--no-run", "--message-format=json", *chosen)
    executables = []
    for message in map(json.loads, filter(None, told.splitlines())):
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            executables.append((Path(message["manifest_path"]).parent, message["executable"]))
    return executables


def outcomes(executables, tests):
    """Whether each of these tests passes."""
    passed = {}
    for folder, executable in executables:
        try:
            done = subprocess.run(
                [executable, *tests], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
                stdin=subprocess.DEVNULL, env={**os.environ, "CARGO_MANIFEST_DIR": str(folder), "RUST_BACKTRACE": "0"},
            )
        except subprocess.TimeoutExpired:
            raise Trouble(f"{Path(executable).name} does not come to an end") from None
        for name, how in re.findall(r"^test (?:\S+::)?(\w+) \.\.\. (ok|FAILED)$", done.stdout, re.MULTILINE):
            passed[name] = how == "ok"
    missing = [test for test in tests if test not in passed]
    if missing:
        raise Trouble(f"there is no test {', '.join(missing)}, or it did not come to an end")
    return {test: passed[test] for test in tests}


def check(mutation, targets):
    """Applies a mutation, and holds that its tests fail."""
    unknown = [test for test in mutation.fails if test not in targets]
    if unknown:
        raise Trouble(f"there is no test {', '.join(unknown)}")
    try:
        run("git", "apply", str(mutation.path))
        executables = build(set().union(*(targets[test] for test in mutation.fails)))
        blind = [test for test, passes in outcomes(executables, mutation.fails).items() if passes]
    finally:
        restore()
    if blind:
        raise Trouble(f"still passes: {', '.join(blind)}")


def main(names):
    paths = sorted(HERE.glob("*.patch"))
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        sys.exit(f"tests/mutations: there is no {', '.join(sorted(unknown))}.patch")
    make_tree()
    targets = test_targets()
    troubles = []
    mutations = []
    for path in paths:
        if names and path.stem not in names:
            continue
        try:
            mutations.append(Mutation(path))
        except Trouble as trouble:
            troubles.append(f"{path.stem}: {trouble}")
    without = sorted({test.split("_")[1] for test in targets} - {path.stem.split("-")[0] for path in paths})
    troubles += [f"threat {threat} has tests and no mutation" for threat in without]

    print("without a mutation", flush=True)
    tests = sorted({test for mutation in mutations for test in mutation.fails if test in targets})
    passed = outcomes(build(set().union(*(targets[test] for test in tests))), tests)
    troubles += [f"fails without any mutation: {test}" for test, passes in passed.items() if not passes]
    for mutation in mutations:
        print(f"{mutation.name}: {mutation.what}", flush=True)
        try:
            check(mutation, targets)
        except Trouble as trouble:
            troubles.append(f"{mutation.name}: {trouble}")
            print(f"  !! {trouble}", flush=True)
    if troubles:
        sys.exit("tests/mutations: " + "\ntests/mutations: ".join(troubles))
    print(f"{len(mutations)} mutations, each noticed")


if __name__ == "__main__":
    main(sys.argv[1:])
