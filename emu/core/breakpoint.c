/* Breakpoints by themselves: from text, to text, and against exits. See breakpoint.h. */
#include "core/breakpoint.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    uint64_t max; /* the highest number */
} kinds[] = {
    [BREAK_REASON] = {"reason", EXIT_REASON_COUNT - 1},
    [BREAK_RIP] = {"rip", UINT64_MAX},
    [BREAK_GPA] = {"gpa", (1ull << 52) - 1},
    [BREAK_PORT] = {"port", 0xffff},
    [BREAK_MSR] = {"msr", UINT32_MAX},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* ---- text -------------------------------------------------------------------------------- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 87 : -1;
}

/* 1 to 16 digits, "0x" before them or not; *at goes behind them. */
static bool parse_number(const char **at, uint64_t *value)
{
    const char *p = *at;
    unsigned digits = 0;

    if (p[0] == '0' && (p[1] | 32) == 'x')
        p += 2;
    for (*value = 0; digits < 16 && digit(*p) >= 0; digits++)
        *value = *value << 4 | (unsigned)digit(*p++);
    *at = p;
    return digits > 0;
}

/* ":" and some of r, w, x, each once. */
static bool parse_access(const char **at, unsigned *access)
{
    static const char letters[] = "rwx";

    *access = **at == ':' ? 0 : BREAK_ACCESS_ALL;
    if (**at != ':')
        return true;
    for (const char *p = ++*at, *letter; *p && (letter = strchr(letters, *p)); *at = ++p) {
        unsigned bit = 1u << (letter - letters);

        if (*access & bit)
            return false;
        *access |= bit;
    }
    return *access != 0;
}

static int parse_range(struct breakpoint *bp, const char *text, const char *at, struct error *err)
{
    bool ok = parse_number(&at, &bp->first);

    bp->last = bp->first;
    if (ok && *at == '-') {
        at++;
        ok = parse_number(&at, &bp->last);
    }
    if (!ok)
        return error_set(err, -EINVAL, "breakpoint '%.60s': hexadecimal numbers are expected",
                         text);
    if (bp->kind == BREAK_GPA && !parse_access(&at, &bp->access))
        return error_set(err, -EINVAL, "breakpoint '%.60s': accesses are r, w and x, each once",
                         text);
    if (*at)
        return error_set(err, -EINVAL, "breakpoint '%.60s': '%.20s' is too much", text, at);
    if (bp->last < bp->first)
        return error_set(err, -EINVAL, "breakpoint '%.60s': the range ends before it begins", text);
    if (bp->last > kinds[bp->kind].max)
        return error_set(err, -EINVAL, "breakpoint '%.60s': %" PRIx64 " is the highest", text,
                         kinds[bp->kind].max);
    return 0;
}

static int parse_reason(struct breakpoint *bp, const char *text, const char *name,
                        struct error *err)
{
    int reason = isalnum((unsigned char)name[0]) ? exit_reason_parse(name) : -1;

    if (reason < 0)
        return error_set(
            err, -EINVAL,
            "breakpoint '%.60s': no exit reason, and none of rip=, gpa=, port=, msr=", text);
    bp->first = bp->last = (uint64_t)reason;
    return 0;
}

int breakpoint_parse(struct breakpoint *bp, const char *text, struct error *err)
{
    size_t length = strcspn(text, "=");

    *bp = (struct breakpoint){.kind = BREAK_REASON, .enabled = true};
    if (!text[length])
        return parse_reason(bp, text, text, err);
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (length == strlen(kinds[i].name) && strncasecmp(text, kinds[i].name, length) == 0) {
            bp->kind = (enum break_kind)i;
            return i == BREAK_REASON ? parse_reason(bp, text, text + length + 1, err)
                                     : parse_range(bp, text, text + length + 1, err);
        }
    return error_set(err, -EINVAL,
                     "breakpoint '%.60s': '%.*s' is none of reason, rip, gpa, port, msr", text,
                     length < 20 ? (int)length : 20, text);
}

static const char *access_text(const struct breakpoint *bp, char buf[5])
{
    char *p = buf;

    if (bp->kind == BREAK_GPA && bp->access != BREAK_ACCESS_ALL) {
        *p++ = ':';
        for (unsigned i = 0; i < 3; i++)
            if (bp->access >> i & 1)
                *p++ = "rwx"[i];
    }
    *p = '\0';
    return buf;
}

const char *breakpoint_text(const struct breakpoint *bp, char buf[BREAKPOINT_TEXT_MAX])
{
    const char *name = (unsigned)bp->kind < KIND_COUNT ? kinds[bp->kind].name : "?";
    char last[18] = "", access[5];

    if (bp->kind == BREAK_REASON) {
        snprintf(buf, BREAKPOINT_TEXT_MAX, "%.40s", exit_reason_name((uint32_t)bp->first));
        return buf;
    }
    if (bp->last != bp->first)
        snprintf(last, sizeof(last), "-%" PRIx64, bp->last);
    snprintf(buf, BREAKPOINT_TEXT_MAX, "%s=%" PRIx64 "%s%s", name, bp->first, last,
             access_text(bp, access));
    return buf;
}

/* ---- exits ------------------------------------------------------------------------------- */

static bool touches(const struct breakpoint *bp, uint64_t first, unsigned size)
{
    return first <= bp->last && first + (size - 1) >= bp->first;
}

static bool matches_gpa(const struct breakpoint *bp, const struct vm_exit *exit)
{
    if (!(exit->has & EXIT_HAS_GPA) || !touches(bp, exit->guest_physical, 1))
        return false;
    return !(exit->has & EXIT_HAS_QUALIFICATION) ||
           (exit->qualification & bp->access & BREAK_ACCESS_ALL);
}

bool breakpoint_matches(const struct breakpoint *bp, const struct vm_exit *exit)
{
    uint64_t rip = exit->rip + exit->cs_base, q = exit->qualification;

    switch (bp->kind) {
    case BREAK_REASON:
        return exit->reason == bp->first;
    case BREAK_RIP:
        return touches(bp, exit->mode == X86_MODE_LONG64 ? rip : rip & 0xffffffff, 1);
    case BREAK_GPA:
        return matches_gpa(bp, exit);
    case BREAK_PORT:
        return exit->reason == EXIT_IO && touches(bp, IO_QUAL_PORT(q), IO_QUAL_SIZE(q));
    case BREAK_MSR:
        return (exit->reason == EXIT_RDMSR || exit->reason == EXIT_WRMSR) &&
               touches(bp, exit->msr, 1);
    }
    return false;
}
