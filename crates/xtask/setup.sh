#!/usr/bin/env bash
# Installs what a Debian-like host lacks to build and run apple-k8s; does nothing where all is
# there. A Mac needs Apple's `container` and Rust, and is only told so.
#
# setup.sh         for the command line and clusters
# setup.sh app     for the menu-bar app too
# setup.sh test    for all tests too
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "Error: $1"; say "Hint: $2"; exit 1; }

# Package, and a file that shows it is installed (a query of dpkg is slower, and not everywhere).
packages=(
  podman:/usr/bin/podman netavark:/usr/lib/podman/netavark aardvark-dns:/usr/lib/podman/aardvark-dns
  runc:/usr/sbin/runc mmdebstrap:/usr/bin/mmdebstrap gcc:/usr/bin/gcc libc6-dev:/usr/include/stdio.h
  libseccomp-dev:/usr/include/seccomp.h pkg-config:/usr/bin/pkg-config nftables:/usr/sbin/nft
  iptables:/usr/sbin/iptables iproute2:/usr/sbin/ip ca-certificates:/usr/sbin/update-ca-certificates
  python3-pip:/usr/bin/pip3 busybox-static:/bin/busybox
)
# The window toolkit and the library that shows the tray icon.
app_packages=(
  libwebkit2gtk-4.1-dev:/usr/share/doc/libwebkit2gtk-4.1-dev libayatana-appindicator3-1:/usr/share/doc/libayatana-appindicator3-1
)
# A screen without a monitor, a panel that shows tray icons, browsers that can be driven.
test_packages=(
  shellcheck:/usr/bin/shellcheck xvfb:/usr/bin/Xvfb dbus:/usr/bin/dbus-run-session xfce4-panel:/usr/bin/xfce4-panel
  webkit2gtk-driver:/usr/bin/WebKitWebDriver chromium:/usr/bin/chromium imagemagick:/usr/bin/import
)
case "${1:-}" in
  '') ;;
  app) packages+=("${app_packages[@]}") ;;
  test) packages+=("${app_packages[@]}" "${test_packages[@]}") ;;
  *) fail "there is no set-up called $1" "it is one of: (none), app, test" ;;
esac

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
case "${1:-}" in
  app | test)
    command -v npm >/dev/null ||
      fail "Node.js is not installed" "install Node.js 20.19 or newer: https://nodejs.org"
    ;;
esac
