/*
 * What Unicorn's public registers do not answer: exception error codes, hidden segment parts, CPL,
 * the interrupt shadow. They are in the copy of the CPU that uc_context_save() makes.
 *
 * The copy's layout is private to the library, so it is found and checked at start by planting
 * values and looking for them; a library with another layout is refused with a clear line. Offsets
 * below are those of CPUX86State in the QEMU that Unicorn 2 contains, from its first register:
 *
 *   offset  size  what
 *        0   128  general registers, ModRM order
 *      128     8  RIP
 *      176     4  hflags: 1:0 CPL, 3 interrupt shadow, 15 CS64
 *      184   144  ES CS SS DS FS GS, 24 bytes each: selector u32, -, base u64, limit u32, flags u32
 *      328    24  LDTR           352    24  TR
 *      376    24  GDTR           400    24  IDTR
 *      424    40  CR0 .. CR4
 *      496     8  A20 mask       592     8  EFER
 *   dr0-16     4  error code
 *   dr0        64 DR0 .. DR7
 *   dr0+96     56 AMD-V: hsave, vmcb, tsc offset, intercepts u64, CR reads u16, ...
 */
#include "backend/unicorn/engine.h"

#include "util/bytes.h"

#include <errno.h>
#include <string.h>

enum env_offset {
    ENV_RIP = 128,
    ENV_HFLAGS = 176,
    ENV_SEGMENTS = 184,
    ENV_LDTR = 328,
    ENV_TR = 352,
    ENV_GDTR = 376,
    ENV_IDTR = 400,
    ENV_CR0 = 424,
    ENV_A20 = 496,
    ENV_EFER = 592
};
#define SEGMENT_SIZE 24
#define DR_ERROR_CODE (-16)
#define DR_SVM 96
#define DR_SVM_SIZE 56
#define SVM_INTERCEPTS 24
#define SVM_CR_READ 32
#define HFLAGS_CPL 3u
#define HFLAGS_SHADOW (1u << 3)
#define HFLAGS_CS64 (1u << 15)

static uint8_t *env_of(const struct engine *e, uc_context *context)
{
    return (uint8_t *)context + e->layout.env;
}

static const uint8_t *env(const struct engine *e)
{
    return env_of(e, e->context);
}

void context_read(struct engine *e)
{
    uc_context_save(e->uc, e->context);
    e->context_fresh = false;
}

void context_read_once(struct engine *e)
{
    struct x86_segment cs;

    if (e->context_fresh)
        return;
    context_read(e);
    context_segment(e, X86_CS, &cs);
    e->code_bits = context_code64(e) ? 64 : cs.access & SEG_DB ? 32 : 16;
    e->context_fresh = true;
}

/* Offset of an 8-byte value in the saved context at or after `from`, or 0. */
static size_t find_value(const struct engine *e, uint64_t value, size_t from)
{
    const uint8_t *bytes = (const uint8_t *)e->context;

    for (size_t i = from; i + 8 <= e->layout.size; i += 4)
        if (get_le64(bytes + i) == value)
            return i;
    return 0;
}

/* A register to plant, and where its value must then be. */
struct planted {
    int reg;
    uint64_t value;
    size_t offset;
};

static const struct planted planted[] = {
    {UC_X86_REG_RAX, 0x1122334455667788, 0},
    {UC_X86_REG_R15, 0x2233445566778811, 120},
    {UC_X86_REG_RIP, 0x0000123456789abc, ENV_RIP},
    {UC_X86_REG_FS_BASE, 0x00003456789abcde, ENV_SEGMENTS + 4 * SEGMENT_SIZE + 8},
    {UC_X86_REG_GS_BASE, 0x0000456789abcdef, ENV_SEGMENTS + 5 * SEGMENT_SIZE + 8},
    {UC_X86_REG_CR2, 0x556677881122bbcc, ENV_CR0 + 16},
};
#define PLANTED (sizeof(planted) / sizeof(planted[0]))

static bool planted_found(const struct engine *e)
{
    if (!e->layout.env || !e->layout.dr0 || e->layout.env + 1024 > e->layout.size ||
        e->layout.dr0 + DR_SVM + DR_SVM_SIZE > e->layout.size)
        return false;
    for (size_t i = 0; i < PLANTED; i++)
        if (get_le64(env(e) + planted[i].offset) != planted[i].value)
            return false;
    return true;
}

static bool tables_found(const struct engine *e)
{
    return get_le64(env(e) + ENV_GDTR + 8) == 0x6677889900aabb00 &&
           get_le32(env(e) + ENV_GDTR + 16) == 0x1357 &&
           get_le64(env(e) + ENV_IDTR + 8) == 0x7788990011bbcc00 &&
           get_le32(env(e) + ENV_IDTR + 16) == 0x2468;
}

int context_calibrate(struct engine *e, struct error *err)
{
    uint64_t saved[PLANTED], dr0 = 0x0123456789abcdef, zero = 0;
    uc_x86_mmr gdtr = {.base = 0x6677889900aabb00, .limit = 0x1357};
    uc_x86_mmr idtr = {.base = 0x7788990011bbcc00, .limit = 0x2468};
    bool found;

    e->layout.size = uc_context_size(e->uc);
    if (uc_context_alloc(e->uc, &e->context) || uc_context_alloc(e->uc, &e->parked_context) ||
        uc_context_alloc(e->uc, &e->probe_context))
        return error_set(err, -ENOMEM, "Unicorn: out of memory");
    for (size_t i = 0; i < PLANTED; i++) {
        saved[i] = engine_reg(e, planted[i].reg);
        engine_set_reg(e, planted[i].reg, planted[i].value);
    }
    engine_set_reg(e, UC_X86_REG_DR0, dr0);
    uc_reg_write(e->uc, UC_X86_REG_GDTR, &gdtr);
    uc_reg_write(e->uc, UC_X86_REG_IDTR, &idtr);
    context_read(e);
    e->layout.env = find_value(e, planted[0].value, 0);
    e->layout.dr0 = find_value(e, dr0, e->layout.env);
    found = planted_found(e) && tables_found(e);
    for (size_t i = 0; i < PLANTED; i++)
        engine_set_reg(e, planted[i].reg, saved[i]);
    engine_set_reg(e, UC_X86_REG_DR0, zero);
    return found ? 0
                 : error_set(err, -ENOTSUP,
                             "Unicorn: its saved CPU context has a layout this program does not "
                             "know; version 2.1.4 is known to work");
}

static uint8_t *dr(const struct engine *e)
{
    return (uint8_t *)e->context + e->layout.dr0;
}

uint32_t context_error_code(struct engine *e)
{
    return get_le32(dr(e) + DR_ERROR_CODE);
}

static const uint8_t *segment(const struct engine *e, enum x86_seg seg)
{
    if (seg == X86_LDTR)
        return env(e) + ENV_LDTR;
    if (seg == X86_TR)
        return env(e) + ENV_TR;
    return env(e) + ENV_SEGMENTS + seg * SEGMENT_SIZE;
}

uint64_t context_cs_base(struct engine *e)
{
    return get_le64(segment(e, X86_CS) + 8);
}

uint16_t context_cs_selector(const struct engine *e)
{
    return get_le16(segment(e, X86_CS));
}

static uint32_t hflags(const struct engine *e)
{
    return get_le32(env(e) + ENV_HFLAGS);
}

bool context_shadow(struct engine *e)
{
    return hflags(e) & HFLAGS_SHADOW;
}

unsigned context_cpl(struct engine *e)
{
    return hflags(e) & HFLAGS_CPL;
}

bool context_code64(const struct engine *e)
{
    return hflags(e) & HFLAGS_CS64;
}

void context_set_shadow(struct engine *e, bool on)
{
    uint32_t flags = hflags(e);

    flags = on ? flags | HFLAGS_SHADOW : flags & ~HFLAGS_SHADOW;
    put_le32((uint8_t *)env(e) + ENV_HFLAGS, flags);
    uc_context_restore(e->uc, e->context);
}

void context_set_rip(struct engine *e, uint64_t rip)
{
    put_le64((uint8_t *)env(e) + ENV_RIP, rip);
    uc_context_restore(e->uc, e->context);
}

/* The core keeps the descriptor's upper word: type at bit 8, G, D/B, L and AVL at bits 23:20. */
void context_segment(const struct engine *e, enum x86_seg seg, struct x86_segment *out)
{
    const uint8_t *p = segment(e, seg);
    uint32_t flags = get_le32(p + 20);

    out->selector = get_le16(p);
    out->base = get_le64(p + 8);
    out->limit = get_le32(p + 16);
    out->access = (flags >> 8 & 0xff) | (flags >> 8 & 0xf000);
    if (!(out->access & SEG_P))
        out->access |= SEG_UNUSABLE;
}

void context_tables(const struct engine *e, struct x86_state *state)
{
    state->gdtr.base = get_le64(env(e) + ENV_GDTR + 8);
    state->gdtr.limit = get_le16(env(e) + ENV_GDTR + 16);
    state->idtr.base = get_le64(env(e) + ENV_IDTR + 8);
    state->idtr.limit = get_le16(env(e) + ENV_IDTR + 16);
}

static uint8_t *svm(const struct engine *e)
{
    return dr(e) + DR_SVM;
}

void context_lift_intercepts(struct engine *e, uint64_t bits, uint16_t cr_reads)
{
    context_read(e);
    put_le64(svm(e) + SVM_INTERCEPTS, get_le64(svm(e) + SVM_INTERCEPTS) & ~bits);
    put_le16(svm(e) + SVM_CR_READ, (uint16_t)(get_le16(svm(e) + SVM_CR_READ) & ~cr_reads));
    uc_context_restore(e->uc, e->context);
}

void context_put_intercepts(struct engine *e, uint64_t bits, uint16_t cr_reads)
{
    context_read(e);
    put_le64(svm(e) + SVM_INTERCEPTS, bits);
    put_le16(svm(e) + SVM_CR_READ, cr_reads);
    uc_context_restore(e->uc, e->context);
}

void context_splice_parked(struct engine *e)
{
    uint8_t *to = env_of(e, e->context);
    const uint8_t *from = env_of(e, e->parked_context);
    size_t svm = e->layout.dr0 - e->layout.env + DR_SVM;

    context_read(e);
    memcpy(to + ENV_RIP, from + ENV_RIP, ENV_A20 - ENV_RIP);
    memcpy(to + ENV_EFER, from + ENV_EFER, 8);
    memcpy(to + svm, from + svm, DR_SVM_SIZE);
    uc_context_restore(e->uc, e->context);
}
