#!/usr/bin/env bash
# Installs what a Debian-like host lacks to build and run apple-k8s; does nothing where all is
# there. A Mac needs Apple's `container` and Rust, and is only told so.
#
# setup.sh         for the command line and clusters
# setup.sh app     for the menu-bar app too
# setup.sh bench   for the comparison with kind
# setup.sh test    for all tests too
# setup.sh arm64   for the node image of a Mac, built elsewhere
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "Error: $1"; say "Hint: $2"; exit 1; }

# Package, and a file that shows it is installed (a query of dpkg is slower, and not everywhere).
packages=(
  podman:/usr/bin/podman netavark:/usr/lib/podman/netavark aardvark-dns:/usr/lib/podman/aardvark-dns
  catatonit:/usr/bin/catatonit runc:/usr/sbin/runc mmdebstrap:/usr/bin/mmdebstrap gcc:/usr/bin/gcc libc6-dev:/usr/include/stdio.h
  libseccomp-dev:/usr/include/seccomp.h pkg-config:/usr/bin/pkg-config nftables:/usr/sbin/nft
  iptables:/usr/sbin/iptables iproute2:/usr/sbin/ip ca-certificates:/usr/sbin/update-ca-certificates
  debian-archive-keyring:/usr/share/keyrings/debian-archive-keyring.gpg
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
  dpkg-dev:/usr/bin/dpkg-shlibdeps ruby:/usr/bin/ruby llvm:/usr/bin/llvm-objdump openssl:/usr/bin/openssl
)
# Runs the packages' own scripts when a Debian for arm64 is made.
arm64_packages=(
  qemu-user-static:/usr/bin/qemu-aarch64-static binfmt-support:/usr/sbin/update-binfmts arch-test:/usr/bin/arch-test
)
case "${1:-}" in
  '' | bench) ;;
  arm64) packages+=("${arm64_packages[@]}") ;;
  app) packages+=("${app_packages[@]}") ;;
  test) packages+=("${app_packages[@]}" "${test_packages[@]}") ;;
  *) fail "there is no set-up called $1" "it is one of: (none), app, bench, test, arm64" ;;
esac

# What no package of this system brings in the version needed comes first: nothing is installed in vain.
root=$(cd "$(dirname "$0")/../.." && pwd)
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust=$(sed -n 's|^rust-version = "\(.*\)"$|\1|p' "$root/Cargo.toml")
hint="install Rust $rust or newer with rustup: https://rustup.rs"
command -v cargo >/dev/null || fail "Rust is not installed" "$hint"
found=$(cargo --version | cut -d' ' -f2)
at_least "$rust" "$found" || fail "Rust $found is too old" "$hint"

case "${1:-}" in
  app | test)
    node=$(sed -n 's|^ *"node": ">=\(.*\)",\{0,1\}$|\1|p' "$root/ui/package.json")
    hint="install Node.js $node or newer, with npm: https://nodejs.org"
    command -v npm >/dev/null && command -v node >/dev/null || fail "Node.js is not installed" "$hint"
    found=$(node --version)
    at_least "$node" "${found#v}" || fail "Node.js $found is too old" "$hint"
    ;;
esac

if [ "$(uname -s)" = Darwin ]; then
  command -v container >/dev/null ||
    fail "Apple's container command is not installed" "get it from https://github.com/apple/container/releases"
else
  missing=()
  for entry in "${packages[@]}"; do
    [ -e "${entry#*:}" ] || missing+=("${entry%%:*}")
  done
  # Of whatever release: it only has to fetch modules.
  command -v go >/dev/null || missing+=(golang-go)
  if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || fail "missing packages: ${missing[*]}" "run as root, or install them yourself"
    command -v apt-get >/dev/null ||
      fail "missing: ${missing[*]}" "install them with this system's package tool"
    say "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # A mirror that is being renewed may lack a list that nothing here needs.
    apt-get update -qq -o Acquire::Retries=3 || say "Some package lists are not fresh; going on with what there is"
    apt-get install -y -qq --no-install-recommends -o APT::Status-Fd=3 "${missing[@]}" 3>&1 >/dev/null |
      while IFS=: read -r kind _ percent _; do
        case $kind in dlstatus) step=fetched ;; pmstatus) step=installed ;; *) continue ;; esac
        now="$step ${percent%%.*}"
        [ "${now%?}" = "${last-}" ] || say "  ${SECONDS} s: $now %"
        last=${now%?}
      done
  fi
fi

# The kernel is told which program runs those for arm64; a system without systemd forgets it.
if [ "${1:-}" = arm64 ] && [ "$(uname -s)" = Linux ] && [ "$(uname -m)" != aarch64 ]; then
  formats=/proc/sys/fs/binfmt_misc
  [ -e "$formats/register" ] || mount -t binfmt_misc binfmt_misc "$formats"
  [ -e "$formats/qemu-aarch64" ] || update-binfmts --enable qemu-aarch64
fi

toolchain=$root/node-image/modules/toolchain
go_folder=${CACHE:-$HOME/.cache/apple-k8s}/tools/go

# The recipe's Go release, fetched as the module that it also is and checked against go.sum. As a
# module its programs come without the right to run.
fetch_go() {
  local module=golang.org/toolchain version sum answer found
  version=$(sed -n "s|^require $module ||p" "$toolchain/go.mod")
  case $(uname -m) in aarch64 | arm64) version=${version%amd64}arm64 ;; esac
  sum=$(sed -n "s|^$module $version h1:|h1:|p" "$toolchain/go.sum")
  say "Fetching ${version#*-}"
  answer=$(cd / && go mod download -json "$module@$version")
  field() { sed -n "s|^[[:space:]]*\"$1\": \"\(.*\)\",\{0,1\}\$|\1|p" <<<"$answer"; }
  found=$(field Sum)
  [ -n "$sum" ] && [ "$found" = "$sum" ] ||
    fail "$module $version has the checksum $found, not $sum" "install Go 1.26 or newer yourself"
  rm -rf "$go_folder" "$go_folder.new"
  mkdir -p "$(dirname "$go_folder")"
  cp -r "$(field Dir)" "$go_folder.new"
  chmod -R u+w "$go_folder.new"
  find "$go_folder.new/bin" "$go_folder.new/pkg/tool" -type f -exec chmod a+x {} +
  mv "$go_folder.new" "$go_folder"
}

# Whether the tests of Go code can run: a Go that is too old can't read its modules' files.
tests_go() { (cd "$root/node-image/modules/containerd" && go list -m) >/dev/null 2>&1; }

if [ "${1:-}" = test ] || [ "${1:-}" = bench ]; then
  export PATH="$go_folder/bin:$PATH"
  if ! tests_go; then
    command -v go >/dev/null || fail "Go is not installed" "install Go 1.26 or newer: https://go.dev/dl"
    fetch_go
    hash -r
    tests_go || fail "$(go version) can't read the modules of node-image" "install Go 1.26 or newer: https://go.dev/dl"
  fi
fi

# All clones share one target folder, and Cargo goes by the time of a file: what this clone has may
# be older than what another one built of it.
built=${CARGO_TARGET_DIR:-$root/target}/built-in
if [ "$(cat "$built" 2>/dev/null)" != "$root" ]; then
  find "$root"/{crates,src-tauri,tests,icons,node-image,Cargo.toml,Cargo.lock} -type f -exec touch -c {} +
fi
mkdir -p "$(dirname "$built")"
printf '%s\n' "$root" >"$built"
