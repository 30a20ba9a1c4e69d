# Sourced by engine/serve, tests/run and bench/run: packages and builds. Does nothing, in seconds, when nothing changed.

build_packages=(g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-system1.81-dev
  libyaml-cpp-dev libssl-dev libsqlite3-dev zlib1g-dev libsimdjson-dev libjemalloc-dev
  libfmt-dev libcli11-dev libhowardhinnant-date-dev prometheus-cpp-dev tzdata ca-certificates
  libgtest-dev libgmock-dev)
test_packages=(openssl curl clang libbenchmark-dev)
emulator_packages=(nodejs openssl)

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "packages are missing ($*): run as root, or install sudo"
  fi
}

# need_packages NAME... - installs those that dpkg does not list as installed.
need_packages() {
  local missing=() name
  for name in "$@"; do
    # Node.js may come from elsewhere than Debian; what counts is that it runs.
    if [ "$name" = nodejs ] && command -v node >/dev/null; then continue; fi
    if [ "$name" = npm ] && command -v npm >/dev/null; then continue; fi
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing: ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq >/dev/null || fail "apt-get update failed: is the machine online?"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "could not install ${missing[*]}"
}

# build TYPE FOLDER TARGET... - configures once, then builds; output goes to a log that is shown when a step fails.
build() {
  local type=$1 folder=$2 log
  shift 2
  mkdir -p "$folder"
  log=$folder/build.log
  if [ ! -f "$folder/build.ninja" ]; then
    echo "configuring ($type)" >&2
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE="$type" "${cmake_flags[@]}" >"$log" 2>&1 || {
      cat "$log" >&2
      rm -f "$folder/build.ninja"
      fail "cmake failed"
    }
  fi
  echo "building ($type)" >&2
  ninja -C "$folder" "$@" >"$log" 2>&1 || {
    tail -n 60 "$log" >&2
    fail "the build failed; the whole log is in ${folder#"$root"/}/build.log"
  }
}
cmake_flags=()
