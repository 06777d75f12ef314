/*
 * Fuzz entry: any bytes as a trace file. What must hold: the reader comes to an end, a record that
 * it gives out can be an exit's, and an error has a line.
 */
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_trace_read(const char *path)
{
    struct trace_profile profile = {0};
    struct trace_reader *reader;
    struct error err = {0};
    struct vm_exit exit;
    int rc = trace_reader_open(&reader, path, &err);

    if (!rc) {
        while ((rc = trace_reader_next(reader, &exit, &err)) == 1) {
            if (exit.insn_len > sizeof(exit.insn) || exit.cpl > 3)
                abort();
            trace_profile_add(&profile, &exit);
        }
        trace_reader_close(reader);
    }
    if (rc > 0 || (rc < 0 && (err.code != rc || !err.text[0])))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("trace", MFD_CLOEXEC);
    char path[40];

    if (fd < 0)
        abort();
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        fuzz_trace_read(path);
    }
    close(fd);
    return 0;
}
