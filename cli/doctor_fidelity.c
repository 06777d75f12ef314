/*
 * vlab doctor --fidelity: the table of x86/fidelity.h in lines or JSON. A file of its own, since
 * Capstone's header has another x86_insn.
 */
#include "cli/doctor_fidelity.h"

#include "cli/cli.h"
#include "x86/fidelity.h"

#include <jansson.h>
#include <stdio.h>

static void print_lines(enum fidelity_owner owner, const char *title)
{
    printf("%s\n", title);
    for (unsigned i = 0; i < fidelity_count; i++) {
        const struct fidelity *f = &fidelity_table[i];

        if (f->owner == owner)
            printf("\n  %s\n      %s\n      Intel SDM %s. Seen in: %s.\n", f->id, f->text,
                   f->section, f->seen);
    }
}

static void print_json(void)
{
    json_t *differences = json_array();
    json_t *object;

    for (unsigned i = 0; i < fidelity_count; i++) {
        const struct fidelity *f = &fidelity_table[i];

        json_array_append_new(differences,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", f->id, "text", f->text,
                                        "section", f->section, "seen", f->seen, "differs",
                                        fidelity_owner_name(f->owner)));
    }
    object = json_pack("{s:s, s:o}", "version", VLAB_VERSION, "fidelity", differences);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}

int doctor_fidelity(bool json)
{
    if (json) {
        print_json();
        return CLI_OK;
    }
    print_lines(FIDELITY_CORE, "The emulated CPU differs from a real one:");
    print_lines(FIDELITY_BOTH, "\nIt does, and so does QEMU:");
    print_lines(FIDELITY_QEMU, "\nQEMU 7.2 differs, and the emulated CPU does not:");
    return CLI_OK;
}
