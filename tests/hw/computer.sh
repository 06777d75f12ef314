# shellcheck shell=sh
# A computer for the tests of /dev/kvm: `. tests/hw/computer.sh`. Needs BUILD and TOP.
#
#   computer_make FOLDER   a kernel (kernel.sh) and FOLDER/initrd.gz with vlab, the tests and the guests
#   computer_said FILE     how it ended, from what its console said: 0 passed; prints what matters

# copy FILE...: files with the libraries that they need, to the same places below $root.
copy_libraries() {
    for file; do
        ldd "$file" | grep -o '/[^ ]*'
    done | sort -u | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
}

computer_make() {
    root=$1/root
    mkdir -p "$root/bin" "$root/modules" "$root/vlab/build/tests/guest" "$root/vlab/build/tests/unit" \
        "$root/vlab/tests/guest"
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp "$BUILD"/hw/modules/*.ko "$root/modules/"
    cp "$TOP/tests/hw/init" "$root/init"
    chmod 755 "$root/init"
    strip -o "$root/vlab/build/vlab" "$BUILD/vlab"
    strip -o "$root/vlab/build/tests/unit/test_kvm" "$BUILD/tests/unit/test_kvm"
    copy_libraries "$BUILD/vlab" "$BUILD/tests/unit/test_kvm"
    cp "$BUILD"/tests/guest/*.elf "$BUILD"/tests/guest/*.bin "$root/vlab/build/tests/guest/"
    cp "$TOP/tests/hw/computer.sh" "$root/vlab/tests/guest/"
    cp "$TOP"/tests/guest/*.expected "$TOP"/tests/guest/*.txt "$TOP/tests/guest/run_guest.sh" \
        "$TOP/tests/guest/test_kvm.sh" "$root/vlab/tests/guest/"
    # What the emulated CPU comes to here, to be compared with what it comes to on that other host.
    for name in boot_real ring3 pae long64 v86; do
        state_of "$name" >>"$root/vlab/states"
    done
    mkdir "$root/vlab/traces"
    (
        # shellcheck source=tests/guest/run_guest.sh
        . "$TOP/tests/guest/run_guest.sh"
        compared_traces "$root/vlab/traces"
    )
    (cd "$root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$1/initrd.gz"
    rm -rf "$root"
}

# state_of NAME: "NAME exits instructions state" at its end, on the emulated CPU
state_of() {
    "$VLAB" run "$BUILD/tests/guest/$1".[be][il][nf] --json 2>/dev/null </dev/null |
        sed -n "s/.*\"exits\":\([0-9]*\),\"instructions\":\([0-9]*\),.*\"state\":\"\([0-9a-f]*\)\".*/$1 \1 \2 \3/p"
}

computer_said() {
    tr -d '\r' <"$1" | sed -n '/^== /,$p' | grep -v '^\[ ' >"$1.said"
    grep -v '^vlab: \|^ok ' "$1.said"
    grep -q '^vlab-hw: status 0$' "$1.said" && return 0
    grep -q '^vlab-hw: ' "$1.said" || {
        echo "FAILED: the computer did not come to its end; the last it said:"
        tail -n 20 "$1"
    }
    return 1
}
