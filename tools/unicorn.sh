#!/bin/sh
# Finds Unicorn 2.1.4 or newer, or brings it into a folder, and prints two make variables:
#
#     tools/unicorn.sh build/deps >>build/config.mk
#
# Older versions will not do: they do not keep RIP in I/O hooks, and 2.0 ignores the guest's page
# tables. Three ways are tried in turn; VLAB_UNICORN=system, debian or source forces one:
#
#   system  what pkg-config finds
#   debian  Debian sid's package, unpacked below the folder: nothing is installed. Its archive
#           needs only glibc 2.34. The mirror is the system's own, and apt checks the signatures.
#   source  upstream's tag, built with cmake
#
# What was brought once is used again without a look at the network.
set -eu

version=2.1.4
commit=8028ec436f2d9376525352dd38ed9ed6b9f6be10 # what upstream's tag names: a tag can be moved
url=${VLAB_UNICORN_URL:-https://github.com/unicorn-engine/unicorn}
way=${VLAB_UNICORN:-auto}
tools=$(dirname "$0")
mkdir -p "$1"
deps=$(cd "$1" && pwd)
log=$deps/unicorn.log
why=

# Each way leaves, where it fails, its reason in $why.
because() {
    why="${why:+$why; }$1"
    return 1
}

say() {
    echo "vlab: $1" >&2
}

# print CFLAGS LIBS
print() {
    echo "UNICORN_CFLAGS := $1"
    echo "UNICORN_LIBS   := $2"
}

# print_archive ROOT: for a tree with include/unicorn/unicorn.h and lib/**/libunicorn.a
print_archive() {
    print "-I$1/include" "$(find "$1/lib" -name libunicorn.a) -lpthread -lm"
}

# links ROOT: whether the archive in such a tree makes a program
links() {
    echo 'unsigned uc_version(unsigned *, unsigned *); int main(void) { return !uc_version(0, 0); }' |
        ${CC:-cc} -x c -o "$1/try" - -x none "$(find "$1/lib" -name libunicorn.a)" -lpthread -lm >>"$log" 2>&1 &&
        "$1/try" && rm "$1/try"
}

# ---- the system's -----------------------------------------------------------------------------

system() {
    pkg-config --atleast-version=$version unicorn 2>/dev/null ||
        because "pkg-config finds no unicorn >= $version" || return 1
    archive=$(pkg-config --variable=libdir unicorn)/libunicorn.a
    if [ -f "$archive" ]; then
        print "$(pkg-config --cflags unicorn)" "$archive -lpthread -lm"
    else
        print "$(pkg-config --cflags unicorn)" "$(pkg-config --libs unicorn)"
    fi
}

# ---- Debian sid's -----------------------------------------------------------------------------

# The mirrors in the system's own sources, in either format: apt reads them for us. Suites such as
# bookworm-security live on mirrors of their own, which have no sid.
mirrors() {
    # shellcheck disable=SC2016 # the variables are apt's
    apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '($1 == "Debian" || $1 == "$(ORIGIN)") && $2 == "main" && $3 !~ /-/ && !seen[$4]++ { print $4 }'
}

# download MIRROR KEYRING ROOT: the package into ROOT, with nothing of the system's apt but its
# proxy and its architecture. As root, apt would become a user who may not write there. Lists past
# their date are taken, or a mirror that stands still would not do: their signature is checked all
# the same, and so is the version of what comes.
download() {
    mkdir -p "$3/lists/partial" "$3/cache/archives/partial"
    echo "deb [signed-by=$2] $1 sid main" >"$3/sources.list"
    set -- "$3" -q -o Dir::Etc::sourcelist="$3/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=- -o APT::Default-Release= \
        -o Dir::State::lists="$3/lists" -o Dir::Cache="$3/cache" -o Dir::Cache::archives="$3/cache/archives" \
        -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false \
        -o APT::Sandbox::User="$(id -un)"
    ( cd "$1" && shift && apt-get "$@" update && apt-get "$@" download libunicorn-dev ) >>"$log" 2>&1 </dev/null
}

debian() {
    [ -f "$deps/unicorn-debian/usr/include/unicorn/unicorn.h" ] || fetch_debian || return 1
    print_archive "$deps/unicorn-debian/usr"
}

fetch_debian() {
    command -v apt-get >/dev/null || because "no apt-get" || return 1
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -f $keyring ] || because "no $keyring" || return 1
    work=$deps/unicorn-debian.part
    found=
    for mirror in $(mirrors); do
        say "fetching unicorn $version from Debian sid ($mirror)"
        rm -rf "$work"
        if download "$mirror" $keyring "$work/apt"; then
            found=$mirror
            break
        fi
    done
    [ -n "$found" ] || because "no Debian mirror gave libunicorn-dev from sid (see $log)" || return 1
    for deb in "$work"/apt/*.deb; do
        dpkg -x "$deb" "$work/root" || because "cannot unpack $deb" || return 1
    done
    have=$(find "$work/root" -name unicorn.pc -exec sed -n 's/^Version: *//p' {} +)
    dpkg --compare-versions "$have" ge $version || because "$found has only unicorn $have in sid" || return 1
    # Some day sid's will want a C library newer than the one here.
    links "$work/root/usr" || because "sid's libunicorn.a does not link here (see $log)" || return 1
    # The folder appears in one step, whole.
    mv "$work/root" "$deps/unicorn-debian"
    rm -rf "$work"
}

# ---- from source ------------------------------------------------------------------------------

from_source() {
    [ -f "$deps/unicorn-source/include/unicorn/unicorn.h" ] || build_source || return 1
    print_archive "$deps/unicorn-source"
}

build_source() {
    "$tools/packages.sh" unicorn >&2 || because "git and cmake are needed to build it" || return 1
    work=$deps/unicorn-source.part
    rm -rf "$work"
    mkdir -p "$work"
    say "building unicorn $version from $url"
    git -c advice.detachedHead=false clone -q --depth 1 --branch $version "$url" "$work/src" >>"$log" 2>&1 ||
        because "cannot clone $url" || return 1
    [ "$(git -C "$work/src" rev-parse HEAD)" = $commit ] ||
        because "tag $version of $url is not $commit" || return 1
    {
        cmake -S "$work/src" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DUNICORN_ARCH=x86 \
            -DBUILD_SHARED_LIBS=OFF -DUNICORN_BUILD_TESTS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON &&
            cmake --build "$work/build" -j "$(nproc)"
    } >>"$log" 2>&1 || because "cmake could not build it (see $log)" || return 1
    mkdir -p "$work/root/lib"
    cp "$work/build/libunicorn.a" "$work/root/lib" && cp -R "$work/src/include" "$work/root" ||
        because "the build made no libunicorn.a" || return 1
    links "$work/root" || because "the libunicorn.a that was built does not link (see $log)" || return 1
    mv "$work/root" "$deps/unicorn-source"
    rm -rf "$work"
}

# -----------------------------------------------------------------------------------------------

: >"$log"
case $way in
system | debian) $way ;;
source) from_source ;;
auto) system || debian || from_source ;;
*) because "VLAB_UNICORN is '$way', not system, debian or source" ;;
esac || {
    echo "vlab: unicorn: $why" >&2
    exit 1
}
