/* The model of two traces side by side, as a session reads them from files. See screen_models.h. */
#include "tests/support/screen_models.h"

#include "trace/trace.h"
#include "tui/session.h"
#include "tui/session_compare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT(at, v)                                                                                 \
    {                                                                                              \
        .reason = EXIT_IO, .rip = (at), .value = (v), .qualification = 0xe90040,                   \
        .has = EXIT_HAS_QUALIFICATION                                                              \
    }

/* A guest on the emulated CPU, and on /dev/kvm, where it prints another letter. */
static const struct vm_exit emulated[] = {
    {.reason = EXIT_CPUID, .rip = 0x7c0f, .value = 1},
    OUT(0x7c20, 'A'),
    OUT(0x7c20, 'u'),
    {.reason = EXIT_EPT_VIOLATION,
     .rip = 0x7c31,
     .qualification = 0x181,
     .guest_physical = 0xd0000000,
     .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GPA},
    {.reason = EXIT_HLT, .rip = 0x7c3a},
    OUT(0x7c41, 3),
};
static const struct vm_exit real[] = {
    OUT(0x7c20, 'A'),
    OUT(0x7c20, 'G'),
    {.reason = EXIT_EXTERNAL_INTERRUPT, .rip = 0x7c2e},
    {.reason = EXIT_EPT_VIOLATION,
     .rip = 0x7c31,
     .qualification = 0x101,
     .guest_physical = 0xd0000000,
     .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GPA},
    {.reason = EXIT_HLT, .rip = 0x7c3a},
    OUT(0x7c41, 3),
};

static void write_trace(const char *path, const char *backend, enum exit_source source,
                        const struct vm_exit *exits, unsigned count)
{
    struct trace_info info = {.image = "guest", .ram_size = 1 << 20};
    struct trace_end end = {.exits = count, .stop = STOP_DEBUG_EXIT, .status = 7};
    struct trace_writer *w;
    struct error err;

    snprintf(info.backend, sizeof(info.backend), "%s", backend);
    ck_assert_msg(trace_writer_open(&w, path, &info, &err) == 0, "%s", err.text);
    for (unsigned i = 0; i < count; i++) {
        struct vm_exit exit = exits[i];

        exit.seq = i;
        exit.source = (uint8_t)source;
        trace_writer_add(w, &exit);
    }
    ck_assert_msg(trace_writer_finish(w, &end, &err) == 0, "%s", err.text);
}

static void compare(const char *folder, struct model *model)
{
    static const struct tui_config config;
    struct session *s = session_create(&config);
    char a[80], b[80], both[200];

    ck_assert_ptr_nonnull(s);
    snprintf(a, sizeof(a), "%s/emu.trace", folder);
    snprintf(b, sizeof(b), "%s/kvm.trace", folder);
    snprintf(both, sizeof(both), "%s %s", a, b);
    write_trace(a, "emu", EXIT_SOURCE_EMULATED, emulated, sizeof(emulated) / sizeof(*emulated));
    write_trace(b, "kvm", EXIT_SOURCE_KVM, real, sizeof(real) / sizeof(*real));
    session_compare(s, both);
    session_compare_publish(s, model);
    unlink(a);
    unlink(b);
    session_destroy(s);
}

struct model *screen_model_compare(void)
{
    const char *tmp = getenv("TMPDIR");
    struct model *model = screen_model_real();
    char folder[64];

    snprintf(folder, sizeof(folder), "%.40s/compare-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    compare(folder, model);
    rmdir(folder);
    return model;
}
