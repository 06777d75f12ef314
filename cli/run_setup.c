/* Execution controls, second-stage rights and NMIs of `vlab run`, see run_setup.h. */
#include "cli/run_setup.h"

#include "cli/cli.h"
#include "core/control_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- --exiting ------------------------------------------------------------------------------- */

int setup_parse_exiting(const struct verb *verb, const char *text, struct run_setup *setup)
{
    struct controls scratch;
    struct error err;

    controls_default(&scratch);
    if (controls_parse(&scratch, text, &err))
        return cli_bad_value(verb, "--exiting: %s; '--exiting help' lists them", err.text);
    setup->exiting = text;
    return CLI_OK;
}

static bool is_set(const struct controls *c, const struct control_name *name)
{
    const uint32_t words[] = {[FIELD_PIN] = c->pin,
                              [FIELD_PRIMARY] = c->primary,
                              [FIELD_SECONDARY] = c->secondary,
                              [FIELD_EXIT] = c->exit};

    return words[name->field] & name->mask;
}

void setup_list_controls(void)
{
    const struct control_set_name *set;
    const struct control_name *name;
    struct controls defaults;

    controls_default(&defaults);
    printf("   %-20s %-34s %-10s bit  %s\n", "word", "control", "field", "manual");
    for (unsigned i = 0; (name = control_name(i)) != NULL; i++)
        printf(" %c %-20s %-34s %-10s %3u  %s%s\n", is_set(&defaults, name) ? '*' : ' ', name->word,
               name->name, control_field_name(name->field), control_bit(name),
               control_field_manual(name->field),
               name->kind == CONTROL_FIXED ? " (cannot be changed)" : "");
    for (unsigned i = 0; (set = control_set_name(i)) != NULL; i++) {
        char word[40];

        snprintf(word, sizeof(word), "%s[=%s]", set->word, set->value);
        printf(" %c %-20s %-49s %s\n", strncmp(set->word, "pf-", 3) ? '*' : ' ', word, set->name,
               set->manual);
    }
    printf("\n * set at first.  all, none: every one that makes exits of an instruction or event;\n"
           " the windows and the monitor trap, which a hypervisor asks for, are not in 'all'.\n");
}

/* ---- --mmu ----------------------------------------------------------------------------------- */

int setup_parse_mmu(const struct verb *verb, const char *text, struct run_setup *setup)
{
    setup->has_mmu = lab_mmu_parse(&setup->mmu, text);
    return setup->has_mmu
               ? CLI_OK
               : cli_bad_value(verb, "--mmu: '%.40s' is none of ept, ept-ad, shadow", text);
}

/* Guest-physical addresses have at most so many bits, SDM vol. 3, 4.1.4. */
#define GPA_BITS 52

/* ---- --ept ----------------------------------------------------------------------------------- */

/* "r-x": each letter or a dash, in this order. */
static bool parse_rights(const char *text, unsigned *rights)
{
    static const char letters[] = "rwx";
    static const unsigned bits[] = {EPT_READ, EPT_WRITE, EPT_EXECUTE};

    *rights = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (text[i] == letters[i])
            *rights |= bits[i];
        else if (text[i] != '-')
            return false;
    }
    return text[3] == '\0';
}

/* "GPA" or "GPA-GPA", `length` bytes of `text`. */
static bool parse_range(const char *text, size_t length, uint64_t *first, uint64_t *last)
{
    char buf[64], *dash;

    if (length >= sizeof(buf))
        return false;
    memcpy(buf, text, length);
    buf[length] = '\0';
    dash = strchr(buf, '-');
    if (dash)
        *dash = '\0';
    return cli_parse_number(buf, first) && cli_parse_number(dash ? dash + 1 : buf, last) &&
           *first <= *last && *last >> GPA_BITS == 0;
}

int setup_parse_ept(const struct verb *verb, const char *text, struct run_setup *setup)
{
    struct ept_rights *ept = &setup->ept[setup->ept_count];
    size_t length = strcspn(text, "=");

    if (setup->ept_count == SETUP_EPT_MAX)
        return cli_bad_value(verb, "--ept: at most %u of them", SETUP_EPT_MAX);
    if (text[length] != '=' || !parse_range(text, length, &ept->first, &ept->last) ||
        !parse_rights(text + length + 1, &ept->rights))
        return cli_bad_value(verb, "--ept: '%.60s' is not GPA[-GPA]=RIGHTS, such as 0x30000=r-x",
                             text);
    ept->first &= ~(uint64_t)(PAGE_SIZE - 1);
    ept->last |= PAGE_SIZE - 1;
    setup->ept_count++;
    return CLI_OK;
}

/* ---- --nmi ----------------------------------------------------------------------------------- */

int setup_parse_nmi(const struct verb *verb, const char *text, struct run_setup *setup)
{
    unsigned n = setup->nmi_count;

    if (n == MACHINE_NMIS_MAX)
        return cli_bad_value(verb, "--nmi: at most %u of them", MACHINE_NMIS_MAX);
    if (!cli_parse_number(text, &setup->nmi_at[n]) || setup->nmi_at[n] == DEVICE_NEVER)
        return cli_bad_value(verb, "--nmi: '%.40s' is not a time in ns", text);
    if (n && setup->nmi_at[n] < setup->nmi_at[n - 1])
        return cli_bad_value(verb, "--nmi: '%.40s' is before the one in front of it", text);
    setup->nmi_count++;
    return CLI_OK;
}

/* ---- the machine ----------------------------------------------------------------------------- */

void setup_config(const struct run_setup *setup, const struct lab_mmu *lab_mmu,
                  struct machine_config *config)
{
    const struct lab_mmu *mmu = setup->has_mmu ? &setup->mmu : lab_mmu;

    config->shadow_paging = mmu->shadow;
    config->ept_accessed_dirty = mmu->ept_accessed_dirty;
    memcpy(config->nmi_at, setup->nmi_at, sizeof(config->nmi_at));
    config->nmi_count = setup->nmi_count;
}

static int apply_controls(const char *list, struct machine *m, struct error *err)
{
    struct controls c = m->controls;
    int rc;

    if (!list || !*list)
        return 0;
    rc = controls_parse(&c, list, err);
    if (!rc)
        machine_set_controls(m, &c);
    return rc;
}

static int apply_ept(const struct ept_rights *ept, struct machine *m, struct error *err)
{
    int rc = machine_protect(m, ept->first, ept->last - ept->first + 1, ept->rights);

    return rc ? error_set(err, rc, "--ept: 0x%" PRIx64 "-0x%" PRIx64 ": %s", ept->first, ept->last,
                          rc == -EFAULT ? "there is not memory everywhere"
                          : rc == -ENOTSUP
                              ? "the second stage is the kernel's own, --backend emu has one"
                              : strerror(-rc))
              : 0;
}

int setup_apply(const struct run_setup *setup, const char *lab_exiting, struct machine *m,
                struct error *err)
{
    int rc = apply_controls(lab_exiting, m, err);

    rc = rc ? rc : apply_controls(setup->exiting, m, err);
    for (unsigned i = 0; i < setup->ept_count && !rc; i++)
        rc = apply_ept(&setup->ept[i], m, err);
    return rc;
}
