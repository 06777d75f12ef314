#!/bin/sh
# Runs the measurements and writes their table:
#
#     tools/bench.sh bench/RESULTS.md
#
# BUILD and TOP are set by `make bench`. Each program prints rows of the table; a claim that is not
# met says so there and does not fail the run. Progress and errors go to standard error.
set -eu

out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

processor() {
    sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
}

# A clean build from a clone, on two processors: packages are there, the build folder is not, so
# Unicorn is fetched and unpacked, too. What `make run` does before it opens the screen.
clean_build() {
    : >"$work/times"
    for _ in 1 2 3; do
        rm -rf "$work/clone"
        mkdir "$work/clone"
        # The files as they are here, which a clone of the last commit need not have.
        (cd "$TOP" && tar cf - --exclude=./build --exclude=./.git .) | (cd "$work/clone" && tar xf -)
        start=$(date +%s%N)
        (cd "$work/clone" && unset MAKEFLAGS MAKELEVEL BUILD && taskset -c 0,1 make all) >"$work/log" 2>&1 || {
            tail -n 5 "$work/log" >&2
            echo "vlab: bench: clean build: failed" >&2
            return 1
        }
        echo $(($(date +%s%N) - start)) >>"$work/times"
    done
    sort -n "$work/times" | awk '
        { s[NR] = $1 / 1e9 }
        END {
            printf "| clean build with packages present, two processors | none: a goal of its own | 90 s | "
            printf "%.2f (%.2f to %.2f) s | %s |\n", s[2], s[1], s[3], s[2] <= 90 ? "yes" : "no"
        }'
}

measure() {
    for program; do
        echo "vlab: measuring $program" >&2
        "$BUILD/bench/$program"
    done
}

head_of_table() {
    echo "| claim | peer | goal | measured | met |"
    echo "|---|---|---|---|---|"
}

measure run_loop second_stage qemu_tcg exits inject kvm first_frame >"$work/rows"
echo "vlab: measuring clean_build" >&2
clean_build >>"$work/rows"
measure time_record time_restore time_loadvm time_reverse snap_chain snap_clones >"$work/time"
measure screen_step screen_draw screen_pages screen_busy >"$work/screen"

{
    cat <<'EOF'
# Measurements

Written by `make bench`. Claim and peer are measured in one run, their repetitions in turn; a ratio is taken within each pair. Figures are the median and, in brackets, the smallest and largest of seven repetitions (of three for the build, of five for programs on a terminal). Speeds are ratios of work in the same time: 1.00 is as fast as the peer, more is faster.

EOF
    echo "Host: $(processor), $(nproc) processors, $(uname -s) $(uname -m); $(date -u +%Y-%m-%d)."
    echo
    head_of_table
    cat "$work/rows"
    printf '\n## The screen\n\n'
    cat <<'EOF'
Programs run on a pseudo-terminal of type xterm-256color. The time of a key is that to the last byte before a silence of 40 ms, or of 100 ms where a debugger steps QEMU; a step is one of 48, through a loop of 24 instructions of which two leave the guest.

EOF
    head_of_table
    cat "$work/screen"
    printf '\n## Time and snapshots\n\n'
    cat <<'EOF'
QEMU runs the same guest, a ROM that needs no firmware, with TCG and 64 MiB; it is moved by its gdb stub and its monitor. Of recorded steps and jumps, the figures in brackets are the smallest and largest of all, 300 or 1,000 in one run.

EOF
    head_of_table
    cat "$work/time"
    echo
    cat "$TOP/bench/HARDWARE.md"
    cat <<'EOF'

## Reading it

- Instructions are counted exactly, by a hook at each basic block of about a nanosecond. In a loop of 6 instructions that shows: an empty hook alone leaves bare Unicorn at about 0.7 of its speed.
- A word a page misses the TLB at every access, where a walk in two dimensions reads 19 entries and one in shadow tables 4; and the TLB that the guest sees, of 4,096 pages, is kept only with a second stage.
- Unicorn's core calls a function in every block to see whether it should stop, which QEMU's does not. With our translation and no counting at all it reaches about 0.4 of QEMU on this sieve and 0.6 on this memcpy, so these two are near what the core can do.
- The kernels of sieve, memcpy and sha256 are unrolled; with shorter blocks the ratios are lower.
- An exit costs about 160 ns in the core (its way out of the translated code, and its start) before any of ours runs; reading which instruction it was, dispatching, the time stamps of its cost and writing it down take the rest.
- /dev/kvm of a host without VT-x and AMD-V is a module that runs guests in software: the ratios are about what we do around an exit, and say nothing of the speed of VT-x.
- Injecting loads the whole guest twice with VMRUN, which is what most of it costs.
- gdb's TUI shows code and registers, cgdb only code; both reach the guest through QEMU's gdb stub, in a process of its own, which vlab need not do.
- Putting back 100 pages is half the zeroing or copying of 400 KiB; the rest is the state of CPU and devices and, for each page, looking up its frame. Unicorn's own snapshot lays a memory region over each page that is written, and takes them away again.
- loadvm reads all RAM that is not zero, which here is 62 MiB or nothing; with nothing, what is left are a few ms for devices, disk and starting over, and 100 pages are not put back a thousand times as fast.
- The chain has 16 MiB in use and 1 MiB written before each snapshot, a quarter each of text, records, copies and random bytes. savevm writes all 16 MiB each time, uncompressed.
- A step back runs again from the last checkpoint, in ours 1 ms of run before at most; interrupts cost more of it than instructions, since the core throws its translations away to stop for one at the right instruction. QEMU with a snapshot each million instructions comes near, but they are the user's to take: it makes none by itself.
- Frames of clones: 64 MiB of the first guest, and about 0.2 MiB a clone: 20 copies and the tables of its second stage. The rest is in the process: translator and tables of each CPU, 1.7 MiB.
- What helped: a memory hook bounded to the two pages that it is for (5 times on stores), generated code within reach of a near call (1.5 times), one compare and one subtraction for a block that is known, reading the core's saved context only when it can have changed (80 ns an exit), writing the registers that a handler sets together, knowing again the instruction that exits (a tenth of the instructions of an exit), leaving a port access by an MSR that no permission map covers.
EOF
} >"$work/table"
mv "$work/table" "$out"
cat "$out"
