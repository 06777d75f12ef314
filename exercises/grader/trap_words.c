/* Instructions for exercise 02, see trap_words.h. The opcodes are SDM vol. 2, Appendix A. */
#include "exercises/grader/trap_words.h"

#include "util/bytes.h"

#include <string.h>

/* What comes behind the opcode. */
enum form {
    PLAIN,    /* what the decoder takes, as it falls */
    ANY,      /* ModRM with this reg field, memory or a register */
    MEMORY,   /* ... memory */
    REGISTER, /* ... a register */
    ANY_REG   /* ModRM as it falls, in memory */
};

struct opcode {
    uint8_t bytes[2], size;
    uint8_t form; /* enum form */
    uint8_t reg;
};

#define ONE(opcode)                                                                                \
    {                                                                                              \
        {opcode}, 1, PLAIN, 0                                                                      \
    }
#define TWO(opcode)                                                                                \
    {                                                                                              \
        {0x0f, opcode}, 2, PLAIN, 0                                                                \
    }
#define GROUP(opcode, form, reg)                                                                   \
    {                                                                                              \
        {opcode}, 1, form, reg                                                                     \
    }
#define GROUP2(opcode, form, reg)                                                                  \
    {                                                                                              \
        {0x0f, opcode}, 2, form, reg                                                               \
    }

/* Left out: what books do not agree about, as far JMP and RET, INT n, CPUID, RDTSC. */
static const struct opcode opcodes[] = {
    /* trap */
    ONE(0xf4),
    ONE(0xfa),
    ONE(0xfb),
    ONE(0xe4),
    ONE(0xe5),
    ONE(0xe6),
    ONE(0xe7),
    ONE(0xec),
    ONE(0xed),
    ONE(0xee),
    ONE(0xef),
    ONE(0x6c),
    ONE(0x6d),
    ONE(0x6e),
    ONE(0x6f),
    TWO(0x06),
    TWO(0x08),
    TWO(0x09),
    TWO(0x30),
    TWO(0x32),
    GROUP2(0x20, REGISTER, 0),
    GROUP2(0x20, REGISTER, 3),
    GROUP2(0x21, REGISTER, 7),
    GROUP2(0x22, REGISTER, 0),
    GROUP2(0x22, REGISTER, 4),
    GROUP2(0x23, REGISTER, 6),
    GROUP2(0x00, ANY, 2),
    GROUP2(0x00, ANY, 3),
    GROUP2(0x01, MEMORY, 2),
    GROUP2(0x01, MEMORY, 3),
    GROUP2(0x01, ANY, 6),
    GROUP2(0x01, MEMORY, 7),
    /* leak */
    ONE(0x9c),
    ONE(0x9d),
    ONE(0xcf),
    ONE(0x0e),
    ONE(0x16),
    ONE(0x9a),
    GROUP(0x8c, ANY, 1),
    GROUP(0x8c, ANY, 2),
    GROUP(0xff, MEMORY, 3),
    GROUP2(0x00, ANY, 0),
    GROUP2(0x00, ANY, 1),
    GROUP2(0x00, ANY, 4),
    GROUP2(0x00, ANY, 5),
    GROUP2(0x01, MEMORY, 0),
    GROUP2(0x01, MEMORY, 1),
    GROUP2(0x01, ANY, 4),
    GROUP2(0x02, ANY_REG, 0),
    GROUP2(0x03, ANY_REG, 0),
    /* neither */
    ONE(0x90),
    ONE(0xf5),
    ONE(0xf8),
    ONE(0xf9),
    ONE(0xfc),
    ONE(0xfd),
    ONE(0x9e),
    ONE(0x9f),
    ONE(0x60),
    ONE(0x61),
    ONE(0x06),
    ONE(0x1e),
    ONE(0x1f),
    ONE(0x07),
    ONE(0xa4),
    ONE(0xa5),
    ONE(0xab),
    ONE(0x50),
    ONE(0x5f),
    ONE(0x68),
    ONE(0x6a),
    ONE(0xb8),
    ONE(0xc3),
    ONE(0xc9),
    ONE(0xe8),
    ONE(0xeb),
    ONE(0x74),
    ONE(0xd7),
    ONE(0x98),
    ONE(0x99),
    TWO(0xa0),
    TWO(0xa9),
    TWO(0xc8),
    TWO(0x77),
    TWO(0x84),
    GROUP(0x89, ANY_REG, 0),
    GROUP(0x8b, ANY_REG, 0),
    GROUP(0x01, ANY_REG, 0),
    GROUP(0x03, ANY_REG, 0),
    GROUP(0x8c, ANY, 0),
    GROUP(0x8c, ANY, 3),
    GROUP(0x8c, ANY, 5),
    GROUP(0x8e, ANY, 3),
    GROUP(0xff, ANY, 2),
    GROUP(0xff, ANY, 4),
    GROUP(0xff, ANY, 6),
    GROUP(0x83, ANY, 4),
    GROUP2(0xb6, ANY_REG, 0),
    GROUP2(0xaf, ANY_REG, 0),
    GROUP2(0x1f, ANY, 0),
    GROUP2(0xba, ANY, 4),
};

#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))

static uint8_t modrm(const struct opcode *o, struct grader_random *random)
{
    uint8_t value = (uint8_t)random_next(random);
    uint8_t fixed = (uint8_t)((value & 0x07) | o->reg << 3);

    switch ((enum form)o->form) {
    case ANY:
        return (uint8_t)(fixed | (value & 0xc0));
    case MEMORY:
        return (uint8_t)(fixed | (value % 3) << 6);
    case REGISTER:
        return (uint8_t)(fixed | 0xc0);
    default:
        return (uint8_t)((value & 0x3f) | (value % 3) << 6);
    }
}

static bool make(struct trap_insn *insn, const struct opcode *o, struct grader_random *random)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67};
    struct x86_insn decoded;
    unsigned at = 0;

    for (unsigned i = random_below(random, 2) ? (unsigned)random_below(random, 3) : 0; i-- > 0;)
        insn->bytes[at++] = prefixes[random_below(random, sizeof(prefixes))];
    memcpy(insn->bytes + at, o->bytes, o->size);
    at += o->size;
    if (o->form != PLAIN)
        insn->bytes[at++] = modrm(o, random);
    for (; at < TRAP_INSN_SIZE; at++)
        insn->bytes[at] = (uint8_t)random_next(random);
    if (!x86_decode(insn->bytes, TRAP_INSN_SIZE, 32, &decoded))
        return false;
    insn->size = decoded.length;
    memset(insn->bytes + insn->size, 0, TRAP_INSN_SIZE - insn->size);
    insn->sensitivity = x86_sensitivity(&decoded);
    return true;
}

void trap_insn_make(struct trap_insn *insn, unsigned number, struct grader_random *random)
{
    const struct opcode *o =
        &opcodes[number < OPCODES ? number : (unsigned)random_below(random, OPCODES)];

    while (!make(insn, o, random))
        ;
}

/* ---- flags ----------------------------------------------------------------------------------- */

enum { BRANCHES_MAX = 5, FLAGS_SEEN = 0x0cd5 };

static void put(struct trap_guest *g, bool narrow, const uint8_t *bytes, unsigned size)
{
    if (narrow)
        g->code[g->size++] = 0x66;
    memcpy(g->code + g->size, bytes, size);
    g->size += size;
}

/* Opcode bytes and a word, of 2 or 4 bytes. */
static void put_value(struct trap_guest *g, bool narrow, const uint8_t *bytes, unsigned size,
                      uint32_t value)
{
    uint8_t word[4];

    put_le32(word, value);
    put(g, narrow, bytes, size);
    put(g, false, word, narrow ? 2 : 4);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* Between a push and its POPF: something about IF, of the CPU or of what lies on the stack. */
static void put_change(struct trap_guest *g, bool narrow)
{
    switch (random_below(g->random, 6)) {
    case 0:
        put(g, false, BYTES(0xfa));
        break;
    case 1:
        put(g, false, BYTES(0xfb));
        break;
    case 2:
        put_value(g, narrow, BYTES(0x81, 0x0c, 0x24), RFLAGS_IF);
        break;
    case 3:
        put_value(g, narrow, BYTES(0x81, 0x24, 0x24), ~(uint32_t)RFLAGS_IF);
        break;
    case 4: /* other flags; a byte of it looks like POPF */
        put_value(g, narrow, BYTES(0x81, 0x0c, 0x24), 0x9d);
        break;
    default:
        put(g, false, BYTES(0x90));
    }
}

static void put_pair(struct trap_guest *g, unsigned depth)
{
    bool narrow = random_below(g->random, 3) == 0, quiet = random_below(g->random, 3) > 0;
    uint32_t flags = (uint32_t)random_next(g->random) & (FLAGS_SEEN | RFLAGS_IF);

    if (quiet || random_below(g->random, 3) > 0)
        put(g, narrow, BYTES(0x9c));
    else
        put_value(g, narrow, BYTES(0x68), flags | RFLAGS_FIXED);
    for (uint64_t i = quiet ? 0 : random_below(g->random, 3); i > 0; i--)
        put_change(g, narrow);
    if (depth < 3 && random_below(g->random, 2))
        put_pair(g, depth + 1);
    put(g, narrow, BYTES(0x9d));
}

void trap_popf_make(struct trap_guest *g, struct grader_random *random)
{
    *g = (struct trap_guest){.random = random};
    for (uint64_t i = 1 + random_below(random, BRANCHES_MAX); i > 0; i--) {
        if (random_below(random, 3) == 0)
            put(g, false,
                random_below(random, 2) ? (const uint8_t[]){0xfa} : (const uint8_t[]){0xfb}, 1);
        put_pair(g, 0);
    }
    g->end = TRAP_CODE + g->size;
    g->code[g->size++] = 0x90;
}
