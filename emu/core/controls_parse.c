/*
 * Execution controls out of a comma list, see control_names.h. Numbers are decimal or 0x
 * hexadecimal. Left out: shadows of CR0 and CR4, which follow the guest, and CR3-target values.
 */
#include "core/control_names.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE 64 /* of one word of the list, bytes */
#define MSR_RANGE 0x2000u
#define MSR_HIGH 0xc0000000u

/* A word of the list: set or clear `name`, of it [first, last] when it has a value. */
struct change {
    char name[WORD_SIZE];
    const char *given; /* as it stands in the list, WORD_SIZE at most */
    bool on, has_value;
    uint64_t first, last;
};

/* ---- single bits ----------------------------------------------------------------------------- */

static uint32_t *field_of(struct controls *c, enum control_field field)
{
    switch (field) {
    case FIELD_PIN:
        return &c->pin;
    case FIELD_PRIMARY:
        return &c->primary;
    case FIELD_SECONDARY:
        return &c->secondary;
    default:
        return &c->exit;
    }
}

static void set_bits(uint32_t *word, uint32_t mask, bool on)
{
    *word = on ? *word | mask : *word & ~mask;
}

static const struct control_name *find_name(const char *word)
{
    const struct control_name *name;

    for (unsigned i = 0; (name = control_name(i)) != NULL; i++)
        if (strcmp(name->word, word) == 0)
            return name;
    return NULL;
}

static int change_bit(struct controls *c, const struct control_name *name,
                      const struct change *change, struct error *err)
{
    if (change->has_value)
        return error_set(err, -EINVAL, "'%s': %s takes no value", change->given, name->word);
    if (name->kind == CONTROL_FIXED)
        return error_set(err, -EINVAL, "'%s': this machine always has '%s'", change->given,
                         name->name);
    set_bits(field_of(c, name->field), name->mask, change->on);
    return 0;
}

/* ---- masks and bitmaps ----------------------------------------------------------------------- */

static void set_range(uint8_t *bitmap, uint64_t first, uint64_t last, bool on)
{
    for (uint64_t i = first; i <= last; i++) {
        uint8_t mask = (uint8_t)(1u << i % 8);

        bitmap[i / 8] = on ? bitmap[i / 8] | mask : (uint8_t)(bitmap[i / 8] & ~mask);
    }
}

static int change_io(struct controls *c, const struct change *change, struct error *err)
{
    if (change->last > 0xffff)
        return error_set(err, -EINVAL, "'%s': ports end at 0xffff", change->given);
    set_range(c->io_bitmap, change->first, change->last, change->on);
    return 0;
}

/* Reads and writes of the MSRs [first, last], which one of the bitmap's two ranges holds. */
static void set_msrs(struct controls *c, uint64_t first, uint64_t last, bool on)
{
    bool high = first >= MSR_HIGH;
    uint64_t base = high ? MSR_HIGH : 0;
    uint8_t *reads = c->msr_bitmap + (high ? CONTROLS_BITMAP_SIZE / 4 : 0);

    set_range(reads, first - base, last - base, on);
    set_range(reads + CONTROLS_BITMAP_SIZE / 2, first - base, last - base, on);
}

static int change_msr(struct controls *c, const struct change *change, struct error *err)
{
    uint64_t base = change->first >= MSR_HIGH ? MSR_HIGH : 0;

    if (!change->has_value) {
        memset(c->msr_bitmap, change->on ? 0xff : 0, sizeof(c->msr_bitmap));
        return 0;
    }
    if (change->last - base >= MSR_RANGE)
        return error_set(err, -EINVAL,
                         "'%s': the bitmaps hold MSRs 0 to 0x1fff and 0xc0000000 to 0xc0001fff; "
                         "all others always exit",
                         change->given);
    set_msrs(c, change->first, change->last, change->on);
    return 0;
}

static void change_mask(uint64_t *word, const struct change *change)
{
    *word = change->on ? *word | change->first : *word & ~change->first;
}

static int change_mask32(uint32_t *word, const struct change *change, struct error *err)
{
    if (change->has_value && change->first > UINT32_MAX)
        return error_set(err, -EINVAL, "'%s': more than 32 bits", change->given);
    set_bits(word, (uint32_t)change->first, change->on);
    return 0;
}

/* Without a value: every bit there is. */
static void take_all(struct change *change)
{
    change->first = change->last = ~0ull;
    if (strcmp(change->name, "io") == 0) {
        change->first = 0;
        change->last = 0xffff;
    }
}

static int change_set(struct controls *c, struct change *change, struct error *err)
{
    const char *name = change->name;

    if (!change->has_value)
        take_all(change);
    if (strcmp(name, "io") == 0)
        return change_io(c, change, err);
    if (strcmp(name, "msr") == 0)
        return change_msr(c, change, err);
    if (change->has_value && change->last != change->first)
        return error_set(err, -EINVAL, "'%s': a mask, not a range", change->given);
    if (strcmp(name, "exceptions") == 0)
        return change_mask32(&c->exception_bitmap, change, err);
    if (strcmp(name, "pf-mask") == 0)
        return change_mask32(&c->pf_error_mask, change, err);
    if (strcmp(name, "pf-match") == 0)
        return change_mask32(&c->pf_error_match, change, err);
    change_mask(strcmp(name, "cr0") == 0 ? &c->cr0_mask : &c->cr4_mask, change);
    return 0;
}

static bool is_set(const char *word)
{
    const struct control_set_name *set;

    for (unsigned i = 0; (set = control_set_name(i)) != NULL; i++)
        if (strcmp(set->word, word) == 0)
            return true;
    return false;
}

/* ---- all, none ------------------------------------------------------------------------------- */

static void change_all(struct controls *c, bool on)
{
    const struct control_name *name;

    for (unsigned i = 0; (name = control_name(i)) != NULL; i++)
        if (name->kind == CONTROL_EVENT || (!on && name->kind == CONTROL_REQUEST))
            set_bits(field_of(c, name->field), name->mask, on);
    c->exception_bitmap = on ? ~0u : 0;
    c->pf_error_mask = c->pf_error_match = 0;
    c->cr0_mask = c->cr4_mask = on ? ~0ull : 0;
    memset(c->io_bitmap, on ? 0xff : 0, sizeof(c->io_bitmap));
    memset(c->msr_bitmap, on ? 0xff : 0, sizeof(c->msr_bitmap));
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool read_number(const char **p, uint64_t *value)
{
    bool hex = (*p)[0] == '0' && tolower((unsigned char)(*p)[1]) == 'x';
    const char *digits = hex ? *p + 2 : *p;
    char *end;

    if (!(hex ? isxdigit((unsigned char)*digits) : isdigit((unsigned char)*digits)))
        return false;
    errno = 0;
    *value = strtoull(digits, &end, hex ? 16 : 10);
    *p = end;
    return errno == 0;
}

/* "0x3f8" or "0x3f8-0x3ff" */
static bool read_value(const char *p, struct change *change)
{
    if (!read_number(&p, &change->first))
        return false;
    change->last = change->first;
    if (*p == '-') {
        p++;
        if (!read_number(&p, &change->last))
            return false;
    }
    return *p == '\0' && change->first <= change->last;
}

static int apply(struct controls *c, struct change *change, struct error *err)
{
    const struct control_name *bit = find_name(change->name);
    bool all = strcmp(change->name, "all") == 0;

    if (bit)
        return change_bit(c, bit, change, err);
    if (is_set(change->name))
        return change_set(c, change, err);
    if ((!all && strcmp(change->name, "none") != 0) || !change->on || change->has_value)
        return error_set(err, -EINVAL, "'%s' is no execution control", change->given);
    change_all(c, all);
    return 0;
}

static int change_word(struct controls *c, const char *word, struct error *err)
{
    struct change change = {.given = word, .on = *word != '-'};
    const char *name = word + (*word == '-' || *word == '+');
    size_t length = strcspn(name, "=");

    memcpy(change.name, name, length);
    change.name[length] = '\0';
    change.has_value = name[length] == '=';
    if (change.has_value && !read_value(name + length + 1, &change))
        return error_set(err, -EINVAL, "'%s': not a number or a range of numbers", word);
    return apply(c, &change, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int controls_parse(struct controls *c, const char *list, struct error *err)
{
    for (;;) {
        char word[WORD_SIZE];
        size_t length;
        int rc;

        while (is_blank(*list))
            list++;
        length = strcspn(list, ",");
        if (length >= sizeof(word))
            return error_set(err, -EINVAL, "'%.40s...' is no execution control", list);
        memcpy(word, list, length);
        list += length;
        while (length > 0 && is_blank(word[length - 1]))
            length--;
        word[length] = '\0';
        rc = change_word(c, word, err);
        if (rc || !*list++)
            return rc;
    }
}
