# Sourced by tests/run and deploy/quickstart: what both need of the machine, and where both put what they install.

TARGET="${CARGO_TARGET_DIR:-$PWD/target}"
VENV="$TARGET/venv"
BUILT="$TARGET/tests-built.json"

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

need_tools() {
  command -v cargo >/dev/null || fail "Rust is missing. Mend: install it from https://rustup.rs"
  command -v cc >/dev/null || fail "a C compiler is missing. Mend: apt-get install build-essential"
  python3 -c 'import venv, ensurepip' 2>/dev/null || fail "python3-venv is missing. Mend: apt-get install python3-venv"
  mkdir -p "$TARGET"
}

# What the end-to-end tests need of Debian, installed where it is missing.
need_packages() {
  compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null && return
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo --non-interactive)
  step "installing the Debian package faketime: it makes a clock wrong for one program"
  "${as_root[@]}" apt-get update --quiet=2 &&
    "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends faketime ||
    fail "faketime is missing and cannot be installed. Mend: as root, apt-get install faketime"
}

# A private Python with what tests/rp/requirements.txt names; made again when that changes.
make_venv() {
  local wanted
  wanted=$(sha256sum tests/rp/requirements.txt)
  if [ "$(cat "$VENV/made-of" 2>/dev/null)" != "$wanted" ]; then
    step "installing the relying party's Python packages into $VENV"
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check --requirement tests/rp/requirements.txt ||
      fail "pip could not install tests/rp/requirements.txt. Mend: check the network, then run this again"
    echo "$wanted" >"$VENV/made-of"
  fi
}
