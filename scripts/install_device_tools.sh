#!/usr/bin/env bash
# Install for all users, as root, the programs of the device lab that pip does not have (Debian or Ubuntu); the list is
# tinygmp/device/programs.toml. `tinygmp doctor --install` fetches most of them without root.
#   sudo scripts/install_device_tools.sh          install
#   scripts/install_device_tools.sh --print       only say what would be installed
set -euo pipefail

programs="$(dirname "$0")/../tinygmp/device/programs.toml"
mapfile -t packages < <(sed -n 's/^packages = \[\(.*\)\].*/\1/p' "$programs" | tr -d '",' | tr ' ' '\n' | LC_ALL=C sort -u)

if [ "${1:-}" = "--print" ]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "apt-get is missing: this script knows Debian and Ubuntu; install these by hand: ${packages[*]}" >&2
  exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "installing needs root: sudo $0; without root: tinygmp doctor --install" >&2
  exit 2
fi
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}"
