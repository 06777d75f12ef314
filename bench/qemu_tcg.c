/*
 * Claim: whole programs with paging on (sieve, memcpy, sha256) run at 0.9 of the speed of QEMU's TCG
 * or better. Both run the same ELF file, as programs of their own, and must print the same checksum.
 *
 * What starting and stopping costs is measured with a guest that does nothing, and taken off both.
 */
#include "support/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOAL 0.9
#define CHECKSUM 17 /* 16 digits and a NUL */

static int run_ours(const char *elf, double *seconds, char *sum, struct error *err)
{
    char vlab[4096], *argv[] = {vlab, "run", (char *)elf, NULL};
    int status;

    if (!measure_path(vlab, sizeof(vlab), "vlab"))
        return error_set(err, -EINVAL, "vlab: not found");
    return measure_command(argv, sum, CHECKSUM, seconds, &status, err);
}

static int run_qemu(const char *elf, double *seconds, char *sum, struct error *err)
{
    char *argv[] = {"qemu-system-x86_64",
                    "-accel",
                    "tcg",
                    "-display",
                    "none",
                    "-nodefaults",
                    "-no-reboot",
                    "-m",
                    "64",
                    "-debugcon",
                    "stdio",
                    "-device",
                    "isa-debug-exit,iobase=0xf4,iosize=4",
                    "-kernel",
                    (char *)elf,
                    NULL};
    int status;

    return measure_command(argv, sum, CHECKSUM, seconds, &status, err);
}

struct times {
    double ours[MEASURE_REPEATS], qemu[MEASURE_REPEATS];
};

static int run_both(const char *elf, struct times *times, struct error *err)
{
    char ours[CHECKSUM], qemu[CHECKSUM];

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        int failed = run_ours(elf, &times->ours[i], ours, err);

        if (!failed)
            failed = run_qemu(elf, &times->qemu[i], qemu, err);
        if (failed)
            return failed;
        if (strlen(ours) != CHECKSUM - 1 || strcmp(ours, qemu) != 0)
            return error_set(err, -EIO, "%s: the checksums differ: '%s' here, '%s' in QEMU", elf,
                             ours, qemu);
    }
    return 0;
}

static int measure(const char *name, const struct times *empty, struct error *err)
{
    char elf[4096], claim[64];
    double ratios[MEASURE_REPEATS];
    struct times times, start = *empty;
    struct spread ours = measure_spread(start.ours, MEASURE_REPEATS);
    struct spread qemu = measure_spread(start.qemu, MEASURE_REPEATS), got;
    int failed;

    snprintf(claim, sizeof(claim), "bench/guest/%s.elf", name);
    if (!measure_path(elf, sizeof(elf), claim))
        return error_set(err, -EINVAL, "%s: not found", claim);
    failed = run_both(elf, &times, err);
    if (failed)
        return failed;
    for (int i = 0; i < MEASURE_REPEATS; i++)
        ratios[i] = (times.qemu[i] - qemu.median) / (times.ours[i] - ours.median);
    got = measure_spread(ratios, MEASURE_REPEATS);
    snprintf(claim, sizeof(claim), "%s, 64-bit with 4 KiB pages", name);
    measure_row(claim, "qemu-system-x86_64 -accel tcg", "0.90 of its speed", got, "",
                got.median >= GOAL);
    return 0;
}

int main(void)
{
    static const char *const names[] = {"sieve", "memcpy", "sha256"};
    struct times empty;
    struct error err = {0};
    char elf[4096];

    if (!measure_path(elf, sizeof(elf), "bench/guest/empty.elf"))
        return 1;
    if (run_both(elf, &empty, &err))
        return measure_fail(&err);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (measure(names[i], &empty, &err))
            return measure_fail(&err);
    return 0;
}
