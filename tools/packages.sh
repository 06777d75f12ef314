#!/bin/sh
# Installs the Debian and Ubuntu packages of the named sets that are missing:
#
#     tools/packages.sh build test
#
# Where all of them are present this is one dpkg query: no root, no network.
set -eu

set_packages() {
    case $1 in
    build)
        # Any compiler will do; gcc where there is none.
        command -v "${CC:-cc}" >/dev/null || echo gcc
        echo libc6-dev pkg-config nasm libncurses-dev libcapstone-dev libjansson-dev libxxhash-dev libzstd-dev
        ;;
    test)    echo check libvterm-dev qemu-system-x86 seabios bochs bochs-term grub-common grub-pc-bin tmux procps busybox-static cpio ;;
    vtx)     echo bochsbios vgabios isolinux syslinux-common xorriso ;; # beside the packages of test
    fuzz)    echo clang ;;
    bench)   echo gdb cgdb util-linux qemu-utils ;; # beside the packages of test
    tidy)    echo clang-tidy ;;
    fmt)     echo clang-format ;;
    unicorn) echo git ca-certificates cmake ;; # only where Unicorn is built from its source
    *)       echo "vlab: packages: no such set: $1" >&2; return 1 ;;
    esac
}

# Other systems bring their own packages; what they lack shows when pkg-config looks for it.
command -v dpkg-query >/dev/null || exit 0

wanted=
for set; do
    names=$(set_packages "$set")
    wanted="$wanted $names"
done

# The second letter of the status is "i" for a package that is installed and configured.
# shellcheck disable=SC2086 # the lists of names are meant to split
missing=$({ dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null || :; } |
    awk -v wanted="$wanted" '
        $1 ~ /^.i/ { present[$2] = 1 }
        END {
            n = split(wanted, name)
            for (i = 1; i <= n; i++)
                if (!(name[i] in present)) printf " %s", name[i]
        }')
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
    root=sudo
    # Without a terminal nobody can type a password: fail at once.
    [ -t 0 ] || [ -t 1 ] || [ -t 2 ] || root='sudo -n'
fi
by_hand="apt-get update && apt-get install --no-install-recommends$missing"

fail() {
    echo "vlab: packages: $1; as root, run: $by_hand" >&2
    exit 1
}

command -v apt-get >/dev/null || fail "not installed:$missing, and there is no apt-get"
[ -z "$root" ] || command -v sudo >/dev/null || fail "not installed:$missing, and there is no sudo"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1 </dev/null
}

# shellcheck disable=SC2086
install() {
    apt install --no-install-recommends $missing
}

echo "vlab: installing with apt:$missing"
# sudo asks for its password here, where it can be seen, and not in the log.
[ -z "$root" ] || $root true || fail "not installed:$missing, and sudo did not let us"
# A fresh system has no package lists, an old one lists of versions that are gone.
install || { apt update && install; } || {
    tail -n 5 "$log" >&2
    fail "apt-get could not install$missing"
}
