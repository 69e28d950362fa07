#!/usr/bin/env bash
# setup.sh run|test|bench: install what is missing to build and run Covey, to test or to measure it.
#
# Asks for each thing by trying it, so it changes nothing where all is there, on any
# distribution. Installs from Debian's archive, rustup, crates.io, PyPI and npm.
set -euo pipefail

RUST=1.95
NODE=20.19
VENV=target/venv

missing=()
need() { # need PACKAGE PROBE...: note the package where the probe fails
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }
say() { printf 'setup: %s\n' "$*" >&2; }

install_packages() {
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    if ! has apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! has sudo >/dev/null; }; then
        say "please install these (by their Debian names), then try again: ${missing[*]}"
        exit 1
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

rust_is_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ -n "$version" ] && printf '%s\n%s\n' "$RUST" "$version" | sort -VC
}
install_rust() {
    if ! rust_is_new_enough; then
        say "installing Rust by rustup"
        curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh |
            sh -s -- -y -q --profile minimal --no-modify-path --default-toolchain "$RUST" >/dev/null
    fi
    rust_is_new_enough || { say "Covey needs Rust $RUST; this is $(cargo --version)"; exit 1; }
}
node_is_new_enough() {
    printf '%s\n%s\n' "$NODE" "$(node --version 2>/dev/null | tr -d v)" | sort -VC
}
install_node() { # where the system's is older than the page's tools want, npm's own package of it
    node_is_new_enough && return
    say "installing Node into target/node"
    npm install --prefix target/node --silent --no-audit --no-fund node@22
    PATH="$PWD/target/node/node_modules/node/bin:$PATH" node_is_new_enough
}
component() { # component NAME PROBE...
    local name=$1
    shift
    "$@" >/dev/null 2>&1 || rustup component add "$name"
}
crate() { # crate NAME [@VERSION]; a debug build starts a little slower and is here minutes sooner
    cargo "$1" --version >/dev/null 2>&1 || {
        say "building cargo-$1"
        CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug "cargo-$1${2:-}"
    }
}

need gcc has cc
need libc6-dev test -e /usr/include/stdio.h
need pkg-config has pkg-config
need libssl-dev pkg-config --exists openssl
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
rust_is_new_enough || need curl has curl
[ "$1" = bench ] || need npm has npm
if [ "$1" = test ]; then
    need git has git
    need python3 has python3
    need python3-venv python3 -c 'import ensurepip, venv'
    need shellcheck has shellcheck
    need procps type -P kill
    need chromium has chromium
    need fonts-noto-color-emoji test -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf
fi
if [ "$1" != run ]; then
    need iproute2 has ip
    need nftables has nft
fi
if [ "$1" = bench ]; then
    need libtoxcore-dev test -e /usr/include/tox/tox.h
fi
install_packages
install_rust
[ "$1" = bench ] || install_node
[ "$1" = test ] || exit 0

component clippy cargo clippy --version
component rustfmt cargo fmt --version
crate nextest
crate deny
crate shear @1.13.0 # the next one's lock file wants a newer Rust than it says
if [ ! -x "$VENV/bin/typos" ]; then
    say "making a Python environment in $VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet typos -r tests/reader/requirements.txt
fi
