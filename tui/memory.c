/*
 * Places in guest memory, windows of it, and what is looked for there. See memory.h.
 *
 * Left out: the limits of segments, and the address size that a prefix would choose.
 */
#include "tui/memory.h"
#include "core/exit.h"
#include "core/ram.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum base_kind {
    BASE_NUMBER,
    BASE_IP,
    BASE_GPR,
    BASE_SEG,
    BASE_GDTR,
    BASE_IDTR,
    BASE_CR2,
    BASE_CR3
};

struct base {
    const char *name; /* of a sized register, the 16-bit name */
    bool sized;       /* with R or E in front, by the mode */
    enum base_kind kind;
    uint8_t index, seg; /* enum x86_gpr or x86_seg; the segment that goes with it */
    const char *role;
};

static const struct base bases[MEMORY_BASES] = {
    [MEMORY_NUMBER] = {"", false, BASE_NUMBER, 0, 0, ""},
    [MEMORY_RIP] = {"IP", true, BASE_IP, 0, X86_CS, "next instruction"},
    [MEMORY_RSP] = {"SP", true, BASE_GPR, X86_RSP, X86_SS, "top of the stack"},
    [MEMORY_RBP] = {"BP", true, BASE_GPR, X86_RBP, X86_SS, "stack frame"},
    [MEMORY_RSI] = {"SI", true, BASE_GPR, X86_RSI, X86_DS, ""},
    [MEMORY_RDI] = {"DI", true, BASE_GPR, X86_RDI, X86_DS, ""},
    [MEMORY_RAX] = {"AX", true, BASE_GPR, X86_RAX, X86_DS, ""},
    [MEMORY_RBX] = {"BX", true, BASE_GPR, X86_RBX, X86_DS, ""},
    [MEMORY_RCX] = {"CX", true, BASE_GPR, X86_RCX, X86_DS, ""},
    [MEMORY_RDX] = {"DX", true, BASE_GPR, X86_RDX, X86_DS, ""},
    [MEMORY_R8] = {"R8", false, BASE_GPR, X86_R8, X86_DS, ""},
    [MEMORY_R8 + 1] = {"R9", false, BASE_GPR, X86_R9, X86_DS, ""},
    [MEMORY_R8 + 2] = {"R10", false, BASE_GPR, X86_R10, X86_DS, ""},
    [MEMORY_R8 + 3] = {"R11", false, BASE_GPR, X86_R11, X86_DS, ""},
    [MEMORY_R8 + 4] = {"R12", false, BASE_GPR, X86_R12, X86_DS, ""},
    [MEMORY_R8 + 5] = {"R13", false, BASE_GPR, X86_R13, X86_DS, ""},
    [MEMORY_R8 + 6] = {"R14", false, BASE_GPR, X86_R14, X86_DS, ""},
    [MEMORY_R15] = {"R15", false, BASE_GPR, X86_R15, X86_DS, ""},
    [MEMORY_GDTR] = {"GDTR", false, BASE_GDTR, 0, 0, "descriptors"},
    [MEMORY_IDTR] = {"IDTR", false, BASE_IDTR, 0, 0, "interrupt vectors"},
    [MEMORY_LDTR] = {"LDTR", false, BASE_SEG, X86_LDTR, 0, "local descriptors"},
    [MEMORY_TR] = {"TR", false, BASE_SEG, X86_TR, 0, "task state"},
    [MEMORY_CR3] = {"CR3", false, BASE_CR3, 0, 0, "page tables, physical"},
    [MEMORY_CR2] = {"CR2", false, BASE_CR2, 0, 0, "last page fault"},
    [MEMORY_CS] = {"CS", false, BASE_SEG, X86_CS, 0, "segment"},
    [MEMORY_SS] = {"SS", false, BASE_SEG, X86_SS, 0, "segment"},
    [MEMORY_DS] = {"DS", false, BASE_SEG, X86_DS, 0, "segment"},
    [MEMORY_ES] = {"ES", false, BASE_SEG, X86_ES, 0, "segment"},
    [MEMORY_FS] = {"FS", false, BASE_SEG, X86_FS, 0, "segment"},
    [MEMORY_GS] = {"GS", false, BASE_SEG, X86_GS, 0, "segment"},
};

/* ---- places ------------------------------------------------------------------------------ */

static unsigned code_bits(const struct x86_state *state)
{
    return x86_mode_bits(x86_mode_of(state));
}

bool memory_place_equal(const struct memory_place *a, const struct memory_place *b)
{
    return a->physical == b->physical && a->has_seg == b->has_seg &&
           (!a->has_seg || a->seg == b->seg) && a->base == b->base && a->offset == b->offset;
}

static uint64_t segment_base(const struct x86_state *state, unsigned seg)
{
    bool flat = code_bits(state) == 64 &&
                (seg == X86_CS || seg == X86_SS || seg == X86_DS || seg == X86_ES);

    return flat ? 0 : state->seg[seg].base;
}

/* What of a register the code uses as an address. */
static uint64_t register_mask(const struct x86_state *state, const struct base *base)
{
    unsigned bits = code_bits(state);

    if (bits == 64)
        return UINT64_MAX;
    if (base->kind == BASE_GPR && base->index == X86_RSP)
        return state->seg[X86_SS].access & SEG_DB ? UINT32_MAX : UINT16_MAX;
    return bits == 32 ? UINT32_MAX : UINT16_MAX;
}

/* CR3 without the bits that are no address, SDM vol. 3, 4.3 to 4.5: PAE has 32 bytes, others 4 KiB. */
static uint64_t table_address(const struct x86_state *state)
{
    bool pae = (state->cr4 & CR4_PAE) && !(state->efer & EFER_LMA);

    return state->cr3 & (pae ? 0xffffffe0 : 0x000ffffffffff000);
}

static uint64_t base_address(const struct memory_place *place, const struct x86_state *state)
{
    const struct base *base = &bases[place->base];
    unsigned seg = place->has_seg ? place->seg : base->seg;
    uint64_t value;

    switch (base->kind) {
    case BASE_NUMBER:
        return 0;
    case BASE_SEG:
        return segment_base(state, base->index);
    case BASE_GDTR:
        return state->gdtr.base;
    case BASE_IDTR:
        return state->idtr.base;
    case BASE_CR2:
        return state->cr2;
    case BASE_CR3:
        return table_address(state);
    case BASE_IP:
        value = state->rip;
        break;
    default:
        value = state->gpr[base->index];
    }
    value &= register_mask(state, base);
    return place->physical ? value : value + segment_base(state, seg);
}

uint64_t memory_place_address(const struct memory_place *place, const struct x86_state *state)
{
    uint64_t address = base_address(place, state) + place->offset;

    if (place->base != MEMORY_NUMBER && !place->physical && !(state->efer & EFER_LMA))
        address &= UINT32_MAX;
    return address;
}

void memory_place_move(struct memory_place *place, const struct x86_state *state, uint64_t address)
{
    place->offset = address - base_address(place, state);
}

/* ---- their text -------------------------------------------------------------------------- */

static bool name_is(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(text, name, length) == 0;
}

/* MEMORY_BASES: none. */
static enum memory_base base_find(const char *text, size_t length)
{
    unsigned base = MEMORY_RIP;

    for (; base < MEMORY_BASES; base++) {
        const struct base *b = &bases[base];

        if (name_is(text, length, b->name))
            break;
        if (b->sized && length == 3 && strchr("rReE", text[0]) && name_is(text + 1, 2, b->name))
            break;
    }
    return (enum memory_base)base;
}

static bool hex_parse(const char *text, size_t length, uint64_t *value)
{
    if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        length -= 2;
    }
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)text[i]) || *value >> 60)
            return false;
        *value = *value << 4 | (uint64_t)strtoul((char[]){text[i], '\0'}, NULL, 16);
    }
    return length > 0;
}

/* A number or a register. */
static bool operand_parse(struct memory_place *place, const char *text, size_t length)
{
    uint64_t value;

    if (hex_parse(text, length, &value)) {
        place->base = MEMORY_NUMBER;
        place->offset = value;
        return true;
    }
    place->base = (uint8_t)base_find(text, length);
    place->offset = 0;
    return place->base < MEMORY_BASES;
}

/* What is before a colon: a segment register, or a selector as real mode takes it. */
static bool segment_apply(struct memory_place *place, const char *text, size_t length)
{
    enum memory_base base = base_find(text, length);
    uint64_t selector;

    if (hex_parse(text, length, &selector)) {
        place->offset += selector * 16;
        return selector <= UINT16_MAX && place->base == MEMORY_NUMBER;
    }
    if (base < MEMORY_CS || base >= MEMORY_BASES)
        return false;
    if (place->base == MEMORY_NUMBER) {
        place->base = (uint8_t)base;
        return true;
    }
    place->has_seg = true;
    place->seg = bases[base].index;
    return place->base <= MEMORY_R15;
}

static size_t word_length(const char *text, const char *ends)
{
    size_t length = strcspn(text, ends);

    while (length > 0 && text[length - 1] == ' ')
        length--;
    return length;
}

static const char *blanks(const char *text)
{
    return text + strspn(text, " ");
}

static const char *physical_parse(struct memory_place *place, const char *text)
{
    size_t length = strcspn(text, " ");

    place->physical = name_is(text, length, "phys") || name_is(text, length, "physical") ||
                      name_is(text, length, "gpa");
    return place->physical ? blanks(text + length) : text;
}

/* "+10" or "-10" behind it. */
static bool offset_parse(struct memory_place *place, const char *text)
{
    uint64_t value;
    char sign = *text;

    if (!sign)
        return true;
    text = blanks(text + 1);
    if (!hex_parse(text, word_length(text, ""), &value))
        return false;
    place->offset += sign == '-' ? 0 - value : value;
    return true;
}

static bool place_parse(struct memory_place *place, const char *text)
{
    const char *seg = text, *operand;
    size_t seg_length = word_length(text, ":");
    bool has_seg = text[strcspn(text, ":")] == ':';

    operand = has_seg ? blanks(text + strcspn(text, ":") + 1) : text;
    if (!operand_parse(place, operand, word_length(operand, "+-")))
        return false;
    if (has_seg && !segment_apply(place, seg, seg_length))
        return false;
    place->physical |= place->base == MEMORY_CR3;
    return offset_parse(place, operand + strcspn(operand, "+-"));
}

int memory_place_parse(struct memory_place *place, const char *text, struct error *err)
{
    struct memory_place parsed = {0};
    const char *rest = physical_parse(&parsed, blanks(text));

    if (!place_parse(&parsed, rest))
        return error_set(err, -EINVAL,
                         "'%.40s' is no address: 7c00, rsp+10, es:di, gdtr, cr3, phys 1000 are",
                         text);
    *place = parsed;
    return 0;
}

static const char *size_letter(const struct base *base, const struct x86_state *state)
{
    unsigned bits = code_bits(state);

    return !base->sized || bits == 16 ? "" : bits == 64 ? "R" : "E";
}

const char *memory_place_text(const struct memory_place *place, const struct x86_state *state,
                              char buf[MEMORY_PLACE_MAX])
{
    static const char *const segments[] = {[X86_ES] = "ES:", [X86_CS] = "CS:", [X86_SS] = "SS:",
                                           [X86_DS] = "DS:", [X86_FS] = "FS:", [X86_GS] = "GS:"};
    const struct base *base = &bases[place->base];
    bool minus = place->offset >> 63;
    int used;

    buf[0] = '\0';
    if (place->base == MEMORY_NUMBER)
        return buf;
    used = snprintf(buf, MEMORY_PLACE_MAX, "%s%s%s", place->has_seg ? segments[place->seg] : "",
                    size_letter(base, state), base->name);
    if (place->offset)
        snprintf(buf + used, (size_t)(MEMORY_PLACE_MAX - used), "%c%llx", minus ? '-' : '+',
                 (unsigned long long)(minus ? 0 - place->offset : place->offset));
    return buf;
}

bool memory_base_exists(enum memory_base base, const struct x86_state *state)
{
    return base != MEMORY_NUMBER &&
           (base < MEMORY_R8 || base > MEMORY_R15 || code_bits(state) == 64);
}

const char *memory_base_role(enum memory_base base)
{
    return bases[base].role;
}

/* ---- windows ----------------------------------------------------------------------------- */

uint64_t memory_window_start(uint64_t address)
{
    enum { BEFORE = 3584, STEP = 1024 };
    uint64_t start = address > BEFORE ? (address - BEFORE) / STEP * STEP : 0;

    return start < UINT64_MAX - MEMORY_WINDOW + 1 ? start : UINT64_MAX - MEMORY_WINDOW + 1;
}

static bool holds(const struct memory_window *window, uint64_t address)
{
    return window->on && address >= window->start && address - window->start < MEMORY_WINDOW;
}

const struct memory_page *memory_window_page(const struct memory_window *window, uint64_t address)
{
    if (!holds(window, address))
        return NULL;
    return &window->pages[(address - (window->start & PAGE_MASK)) / PAGE_SIZE];
}

size_t memory_window_read(const struct memory_window *window, uint64_t address, uint8_t *bytes,
                          size_t size)
{
    size_t done = 0;

    while (done < size && address + done >= address) {
        const struct memory_page *page = memory_window_page(window, address + done);

        if (!page || page->status != MEMORY_THERE)
            break;
        bytes[done] = window->bytes[address + done - window->start];
        done++;
    }
    return done;
}

bool memory_changed(const struct memory_window *now, const struct memory_window *before,
                    uint64_t address)
{
    uint8_t a, b;

    return now->physical == before->physical && memory_window_read(now, address, &a, 1) &&
           memory_window_read(before, address, &b, 1) && a != b;
}

/* ---- what is looked for ------------------------------------------------------------------ */

static size_t pattern_bytes(const char *text, uint8_t bytes[MEMORY_PATTERN])
{
    size_t count = 0;
    uint64_t value;

    for (text = blanks(text); *text; text = blanks(text)) {
        size_t length = strcspn(text, " ");

        if (length != 2 || !hex_parse(text, 2, &value) || count == MEMORY_PATTERN)
            return 0;
        bytes[count++] = (uint8_t)value;
        text += length;
    }
    return count;
}

size_t memory_pattern(const char *text, uint8_t bytes[MEMORY_PATTERN])
{
    size_t length = strlen(text), count = pattern_bytes(text, bytes);

    if (count > 0)
        return count;
    if (length > 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    if (length > MEMORY_PATTERN)
        length = MEMORY_PATTERN;
    memcpy(bytes, text, length);
    return length;
}
