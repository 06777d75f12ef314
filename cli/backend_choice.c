/* Which CPU runs a guest, see backend_choice.h. */
#include "cli/backend_choice.h"

#include "backend/kvm/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int backend_parse(const struct verb *verb, const char *text, enum backend_word *word)
{
    static const char *const words[] = {
        [BACKEND_WORD_EMU] = "emu", [BACKEND_WORD_KVM] = "kvm", [BACKEND_WORD_AUTO] = "auto"};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *word = (enum backend_word)i;
        return CLI_OK;
    }
    return cli_bad_value(verb, "--backend: '%.40s' is none of emu, kvm, auto", text);
}

uint32_t backend_needs_of(enum image_kind kind)
{
    return kind == IMAGE_ELF || kind == IMAGE_MULTIBOOT ? 1u << NEED_PROT32 : 1u << NEED_REAL;
}

static int use_emulated(const struct backend_ops **ops, struct error *err)
{
    struct backend_report report;

    *ops = &backend_unicorn;
    backend_unicorn.probe(&report, BACKEND_NEEDS_ALL);
    return report.level == BACKEND_ABSENT
               ? error_set(err, -ENOTSUP, "CPU engine: %s", report.missing)
               : 0;
}

/* What the guest needs and this host has not, in words. */
static int refuse(uint32_t lacks, struct error *err)
{
    char list[200] = "";

    for (unsigned i = 0; i < NEED_COUNT; i++)
        if (lacks & 1u << i)
            snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", *list ? ", " : "",
                     backend_need_text((enum backend_need)i));
    return error_set(err, -ENOTSUP,
                     "--backend kvm: this host's /dev/kvm is limited, and the guest "
                     "needs what it lacks: %s; --backend emu has it",
                     list);
}

int backend_choose(enum backend_word word, uint32_t needs, const struct backend_ops **ops,
                   struct error *err)
{
    struct backend_report report;

    if (word == BACKEND_WORD_EMU)
        return use_emulated(ops, err);
    backend_kvm.probe(&report, word == BACKEND_WORD_AUTO ? BACKEND_NEEDS_ALL : needs);
    if (word == BACKEND_WORD_AUTO && report.level != BACKEND_FULL)
        return use_emulated(ops, err);
    if (report.level == BACKEND_ABSENT)
        return error_set(err, -ENODEV, "--backend kvm: %s", report.missing);
    *ops = &backend_kvm;
    return report.lacks & needs ? refuse(report.lacks & needs, err) : 0;
}
