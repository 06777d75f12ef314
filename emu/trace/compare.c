/* Two traces side by side, see compare.h. */
#include "trace/compare.h"

#include "trace/trace.h"
#include "x86/msr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void trace_compare_begin(struct trace_compare *c, struct trace_reader *a, struct trace_reader *b)
{
    const char *backend_a = trace_reader_info(a)->backend,
               *backend_b = trace_reader_info(b)->backend;

    *c = (struct trace_compare){.reader = {a, b}};
    c->across = strcmp(backend_a, backend_b) != 0;
    c->timed = strcmp(backend_a, "kvm") == 0 || strcmp(backend_b, "kvm") == 0;
}

/* ---- which exits belong together --------------------------------------------------------- */

static bool comes_with_time(const struct vm_exit *exit)
{
    switch (exit->reason) {
    case EXIT_EXTERNAL_INTERRUPT:
    case EXIT_INTERRUPT_WINDOW:
    case EXIT_NMI_WINDOW:
    case EXIT_MONITOR_TRAP:
        return true;
    case EXIT_EXCEPTION_NMI:
        return INTR_TYPE(exit->intr_info) == INTR_NMI;
    default:
        return false;
    }
}

/* Does a kernel pass such an exit on? The time stamp is not behind its MSR filter. */
static bool is_passed_on(const struct vm_exit *exit)
{
    switch (exit->reason) {
    case EXIT_IO:
    case EXIT_HLT:
    case EXIT_EPT_VIOLATION:
    case EXIT_TRIPLE_FAULT:
        return true;
    case EXIT_RDMSR:
    case EXIT_WRMSR:
        return exit->msr != MSR_TSC;
    default:
        return false;
    }
}

static bool stands_alone(const struct trace_compare *c, const struct vm_exit *exit,
                         enum trace_pair_kind *kind)
{
    *kind = comes_with_time(exit) ? TRACE_TIMED : TRACE_KEPT;
    return (c->timed && comes_with_time(exit)) || (c->across && !is_passed_on(exit));
}

/* ---- what differs ------------------------------------------------------------------------ */

enum field_id {
    FIELD_REASON,
    FIELD_RIP,
    FIELD_CS,
    FIELD_CS_BASE,
    FIELD_MODE,
    FIELD_CPL,
    FIELD_INSNS,
    FIELD_BYTES,
    FIELD_QUALIFICATION,
    FIELD_GPA,
    FIELD_GVA,
    FIELD_MSR,
    FIELD_VALUE,
    FIELD_EVENT,
    FIELD_EVENT_ERROR,
    FIELD_VECTORING,
    FIELD_RAISED,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {"reason",
                                                     "rip",
                                                     "cs",
                                                     "cs base",
                                                     "mode",
                                                     "cpl",
                                                     "instructions before",
                                                     "instruction",
                                                     "qualification",
                                                     "guest physical",
                                                     "guest linear",
                                                     "msr",
                                                     "value",
                                                     "interruption",
                                                     "error code",
                                                     "vectoring",
                                                     "raised"};

/* AMD-V leaves nothing of a guest that shut down; a kernel may not tell which instruction it was. */
static bool place_is_known(const struct trace_compare *c, const struct vm_exit *a,
                           const struct vm_exit *b)
{
    return !c->across || (a->has & b->has & EXIT_HAS_INSN);
}

/* Which bits of the qualification both can know: of an EPT violation the access alone. */
static uint64_t qualification_mask(const struct trace_compare *c, const struct vm_exit *exit)
{
    if (c->across && exit->reason == EXIT_EPT_VIOLATION)
        return EPT_QUAL_READ | EPT_QUAL_WRITE | EPT_QUAL_FETCH;
    return ~0ull;
}

/* Do both have the field? Then its value in each. Of an instruction the first eight bytes. */
static bool field_value(const struct trace_compare *c, const struct vm_exit *a,
                        const struct vm_exit *b, enum field_id id, const struct vm_exit *of,
                        uint64_t *value)
{
    uint8_t both = a->has & b->has;

    switch (id) {
    case FIELD_REASON:
        *value = of->reason;
        return true;
    case FIELD_RIP:
        *value = of->rip;
        return place_is_known(c, a, b);
    case FIELD_CS:
        *value = of->selector;
        return place_is_known(c, a, b);
    case FIELD_CS_BASE:
        *value = of->cs_base;
        return place_is_known(c, a, b);
    case FIELD_MODE:
        *value = of->mode;
        return place_is_known(c, a, b);
    case FIELD_CPL:
        *value = of->cpl;
        return place_is_known(c, a, b);
    case FIELD_INSNS:
        *value = of->insns;
        return exit_counts_insns(a) && exit_counts_insns(b);
    case FIELD_BYTES:
        memcpy(value, of->insn, sizeof(*value));
        return both & EXIT_HAS_INSN;
    case FIELD_QUALIFICATION:
        *value = of->qualification & qualification_mask(c, of);
        return both & EXIT_HAS_QUALIFICATION;
    case FIELD_GPA:
        *value = of->guest_physical;
        return both & EXIT_HAS_GPA;
    case FIELD_GVA:
        *value = of->guest_linear;
        return both & EXIT_HAS_GVA;
    case FIELD_MSR:
        *value = of->msr;
        return of->reason == EXIT_RDMSR || of->reason == EXIT_WRMSR;
    case FIELD_VALUE:
        *value = of->value;
        return true;
    case FIELD_EVENT:
        *value = of->intr_info;
        return both & EXIT_HAS_INTR;
    case FIELD_EVENT_ERROR:
        *value = of->intr_error;
        return both & EXIT_HAS_INTR;
    case FIELD_VECTORING:
        *value = of->idt_vectoring;
        return both & EXIT_HAS_VECTORING;
    default:
        *value = of->raised;
        return true;
    }
}

static bool differs(const struct trace_compare *c, const struct trace_pair *pair, enum field_id id,
                    uint64_t value[2])
{
    const struct vm_exit *a = &pair->exit[TRACE_A], *b = &pair->exit[TRACE_B];

    return field_value(c, a, b, id, a, &value[TRACE_A]) &&
           field_value(c, a, b, id, b, &value[TRACE_B]) && value[TRACE_A] != value[TRACE_B];
}

/* As they lie in memory, without what is 0 behind them. */
static void bytes_text(uint64_t bytes, char text[40])
{
    char *at = text;

    do
        at += sprintf(at, "%s%02x", at == text ? "" : " ", (unsigned)(bytes & 0xff));
    while (bytes >>= 8);
}

static void value_text(enum field_id id, uint64_t value, char text[40])
{
    static const char *const modes[] = {"real", "virtual-8086", "16-bit", "32-bit", "64-bit"};

    if (id == FIELD_REASON)
        snprintf(text, 40, "%s", exit_reason_name((uint32_t)value));
    else if (id == FIELD_MODE && value < 5)
        snprintf(text, 40, "%s", modes[value]);
    else if (id == FIELD_BYTES)
        bytes_text(value, text);
    else if (id == FIELD_INSNS || id == FIELD_CPL)
        snprintf(text, 40, "%" PRIu64, value);
    else
        snprintf(text, 40, "0x%" PRIx64, value);
}

bool trace_field_differs(const struct trace_compare *c, const struct trace_pair *pair, unsigned i,
                         struct trace_field *field)
{
    for (unsigned id = 0; id < FIELD_COUNT; id++) {
        uint64_t value[2];

        if (!differs(c, pair, (enum field_id)id, value) || i--)
            continue;
        field->name = field_names[id];
        value_text((enum field_id)id, value[TRACE_A], field->text[TRACE_A]);
        value_text((enum field_id)id, value[TRACE_B], field->text[TRACE_B]);
        return true;
    }
    return false;
}

/* ---- pairs ------------------------------------------------------------------------------- */

static struct vm_exit *ahead(struct trace_compare *c, enum trace_side side, unsigned i)
{
    return &c->next[side][(c->begin[side] + i) % TRACE_AHEAD];
}

/* Have `count` exits of a side at hand, if it has so many. */
static int look(struct trace_compare *c, enum trace_side side, unsigned count, struct error *err)
{
    int rc = 1;

    while (rc > 0 && c->count[side] < count && !c->ended[side]) {
        rc = trace_reader_next(c->reader[side], ahead(c, side, c->count[side]), err);
        c->count[side] += rc > 0;
        c->ended[side] = rc == 0;
    }
    return rc < 0 ? rc : 0;
}

static void take(struct trace_compare *c, enum trace_side side, struct trace_pair *pair)
{
    pair->has[side] = true;
    pair->exit[side] = *ahead(c, side, 0);
    c->begin[side] = (c->begin[side] + 1) % TRACE_AHEAD;
    c->count[side]--;
}

static bool take_alone(struct trace_compare *c, enum trace_side side, struct trace_pair *pair)
{
    if (!c->count[side] || !stands_alone(c, ahead(c, side, 0), &pair->kind))
        return false;
    take(c, side, pair);
    return true;
}

static bool are_alike(const struct trace_compare *c, const struct vm_exit *a,
                      const struct vm_exit *b)
{
    const struct trace_pair pair = {.exit = {*a, *b}};
    struct trace_field field;

    return !trace_field_differs(c, &pair, 0, &field);
}

static bool same_instruction(const struct vm_exit *a, const struct vm_exit *b)
{
    return a->reason == b->reason && a->rip == b->rip && a->cs_base == b->cs_base;
}

/* How many exits of `side` come before one like the other's next; TRACE_AHEAD: there is none so near. */
static unsigned distance(struct trace_compare *c, enum trace_side side)
{
    const struct vm_exit *other = ahead(c, side == TRACE_A ? TRACE_B : TRACE_A, 0);
    unsigned i = 1;

    while (i < c->count[side] && !are_alike(c, side == TRACE_A ? ahead(c, side, i) : other,
                                            side == TRACE_A ? other : ahead(c, side, i)))
        i++;
    return i < c->count[side] ? i : TRACE_AHEAD;
}

/* Both have an exit, and they are not of one instruction: does one side have more than the other? */
static int pair_up(struct trace_compare *c, struct trace_pair *pair, struct error *err)
{
    unsigned a, b;
    int rc = look(c, TRACE_A, TRACE_AHEAD, err);

    rc = rc ? rc : look(c, TRACE_B, TRACE_AHEAD, err);
    if (rc) /* what can be read is compared; the damage is told when it is reached */
        err->code = 0;
    a = distance(c, TRACE_A);
    b = distance(c, TRACE_B);
    pair->kind = a == b ? TRACE_DIFFERENT : TRACE_ALONE;
    if (a <= b)
        take(c, TRACE_A, pair);
    if (b <= a)
        take(c, TRACE_B, pair);
    return 1;
}

int trace_compare_next(struct trace_compare *c, struct trace_pair *pair, struct error *err)
{
    int rc = look(c, TRACE_A, 1, err);

    rc = rc ? rc : look(c, TRACE_B, 1, err);
    if (rc)
        return rc;
    *pair = (struct trace_pair){.kind = TRACE_ALONE};
    if (!c->count[TRACE_A] && !c->count[TRACE_B])
        return 0;
    if (take_alone(c, TRACE_A, pair) || take_alone(c, TRACE_B, pair))
        return 1;
    if (!c->count[TRACE_A] || !c->count[TRACE_B]) {
        pair->kind = TRACE_ALONE;
        take(c, c->count[TRACE_A] ? TRACE_A : TRACE_B, pair);
        return 1;
    }
    if (are_alike(c, ahead(c, TRACE_A, 0), ahead(c, TRACE_B, 0)))
        pair->kind = TRACE_SAME;
    else if (same_instruction(ahead(c, TRACE_A, 0), ahead(c, TRACE_B, 0)))
        pair->kind = TRACE_DIFFERENT;
    else
        return pair_up(c, pair, err);
    take(c, TRACE_A, pair);
    take(c, TRACE_B, pair);
    return 1;
}
