# For sourcing: the Debian packages that temper needs, and how they get here. Nothing else is ever downloaded.

build_packages=(g++ cmake ninja-build libopenblas-dev libhwy-dev libcli11-dev nlohmann-json3-dev libfmt-dev libstb-dev libtomlplusplus-dev zlib1g-dev libzip-dev
                libopenmpi-dev openmpi-bin libsentencepiece-dev libicu-dev libboost-math-dev)
test_packages=(doctest-dev curl iproute2)
# Where services start by themselves, an ssh server for the tests' sake would, too.
[[ -d /run/systemd/system ]] || test_packages+=(openssh-client openssh-server)

# Installs what is missing, or says what is needed and stops.
install_packages() {
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "temper: error: packages: this system has no apt-get; install what these Debian packages hold: ${missing[*]}" >&2
    exit 1
  fi
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "temper: error: packages: not root and no sudo; ask an administrator to run: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "== installing ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
    { "${as_root[@]}" apt-get update -q >/dev/null &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null; } ||
    { echo "temper: error: packages: apt-get could not install ${missing[*]}; check the network and the package sources" >&2; exit 1; }
}
