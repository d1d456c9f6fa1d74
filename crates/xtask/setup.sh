#!/usr/bin/env bash
# Installs what a Debian-like host lacks to build and run apple-k8s; does nothing where all is
# there. A Mac needs Apple's `container` and Rust, and is only told so.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "Error: $1"; say "Hint: $2"; exit 1; }

# Package, and a file that shows it is installed (a query of dpkg is slower, and not everywhere).
packages=(
  podman:/usr/bin/podman netavark:/usr/lib/podman/netavark aardvark-dns:/usr/lib/podman/aardvark-dns
  runc:/usr/sbin/runc mmdebstrap:/usr/bin/mmdebstrap gcc:/usr/bin/gcc libc6-dev:/usr/include/stdio.h
  libseccomp-dev:/usr/include/seccomp.h pkg-config:/usr/bin/pkg-config nftables:/usr/sbin/nft
  iptables:/usr/sbin/iptables iproute2:/usr/sbin/ip ca-certificates:/usr/sbin/update-ca-certificates
  python3-pip:/usr/bin/pip3 busybox-static:/bin/busybox shellcheck:/usr/bin/shellcheck
)

if [ "$(uname -s)" = Darwin ]; then
  command -v container >/dev/null ||
    fail "Apple's container command is not installed" "get it from https://github.com/apple/container/releases"
else
  missing=()
  for entry in "${packages[@]}"; do
    [ -e "${entry#*:}" ] || missing+=("${entry%%:*}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || fail "missing packages: ${missing[*]}" "run as root, or install them yourself"
    command -v apt-get >/dev/null ||
      fail "missing: ${missing[*]}" "install them with this system's package tool"
    say "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi

command -v cargo >/dev/null ||
  fail "Rust is not installed" "install Rust 1.95 or newer with rustup: https://rustup.rs"
command -v go >/dev/null || [ "$(uname -s)" = Darwin ] ||
  fail "Go is not installed" "install Go 1.26 or newer: https://go.dev/dl"
