/*
 * Call gates, see call_gate.h. Intel SDM vol. 3, Figures 5-8 (legacy) and 5-9 (IA-32e mode):
 *
 *   63            48 47 46 45 44 43   40 39   37 36    32 31            16 15             0
 *  +----------------+--+-----+--+-------+-------+--------+----------------+----------------+
 *  | offset 31:16   | P| DPL | 0| type  | 0 0 0 | params | selector       | offset 15:0    |
 *  +----------------+--+-----+--+-------+-------+--------+----------------+----------------+
 *  IA-32e mode, 8 bytes more: offset 63:32 in bits 31:0, in bits 44:40 a type that must be 0.
 *
 * Checks come in the order of CALL's and JMP's pseudo-code; the second half of a 64-bit gate is
 * looked at when the first has passed. All are made before anything changes.
 *
 * The stack frame, from high to low; the first three on a switch of stacks alone:
 *
 *   old SS, old ESP, parameters (none in IA-32e mode), old CS, return address
 *
 * Left out: alignment checks of the pushes (#AC at CPL 3), shadow stacks.
 */
#include "x86/call_gate.h"

#include "core/exit.h"
#include "util/bytes.h"
#include "x86/descriptor.h"

#define TYPE_CODE 8u
#define TYPE_CONFORMING 4u  /* of code */
#define TYPE_EXPAND_DOWN 4u /* of data */
#define TYPE_WRITABLE 2u
#define DESCRIPTOR_L (1ull << 53)
#define DESCRIPTOR_D (1ull << 54)

#define PARAMETERS_MAX 31
#define FRAME_MAX (PARAMETERS_MAX + 4)

struct gate {
    uint16_t selector; /* of the code segment */
    uint64_t offset;
    uint64_t code;       /* its descriptor */
    unsigned size;       /* bytes of what it pushes: 2, 4 or 8 */
    unsigned parameters; /* so many are copied on a switch of stacks */
    unsigned cpl;        /* behind the gate */
    bool inward;         /* to more privilege, on another stack */
};

struct stack {
    struct x86_segment ss;
    uint64_t descriptor; /* of a new SS that is not null */
    uint64_t sp, mask;   /* the part of RSP in use */
    enum x86_linear_kind kind;
    uint16_t error; /* selector of its #SS */
};

static bool is_long(const struct x86_state *s)
{
    return s->efer & EFER_LMA;
}

static bool is_null(uint16_t selector)
{
    return !(selector & 0xfffc);
}

static bool canonical(const struct x86_state *s, uint64_t address)
{
    int64_t high = (int64_t)address >> (s->cr4 & CR4_LA57 ? 56 : 47);

    return high == 0 || high == -1;
}

/* ---- the gate ---------------------------------------------------------------------------- */

/* Is it one? What it is otherwise is the core's or task.c's matter, but in IA-32e mode. */
static enum x86_gate_verdict read_gate(struct x86_linear *mem, uint16_t selector,
                                       uint64_t *descriptor)
{
    unsigned type;
    uint64_t gva;

    if (is_null(selector) || !x86_descriptor_at(mem->state, selector, &gva))
        return X86_GATE_NONE;
    if (!x86_descriptor_read(mem, selector, X86_GP, descriptor))
        return X86_GATE_FAULT;
    type = x86_descriptor_type(*descriptor);
    if (!x86_descriptor_is_system(*descriptor))
        return X86_GATE_NONE;
    if (type == X86_CALL_GATE || (type == X86_CALL_GATE16 && !is_long(mem->state)))
        return X86_GATE_DONE;
    if (!is_long(mem->state))
        return X86_GATE_NONE;
    x86_selector_fault(mem, X86_GP, selector);
    return X86_GATE_FAULT;
}

static bool read_upper_half(struct x86_linear *mem, uint16_t selector, uint64_t *upper)
{
    uint16_t next = (uint16_t)(selector + 8);
    uint8_t bytes[8];
    uint64_t gva;

    if (next < 8 || !x86_descriptor_at(mem->state, next, &gva))
        return x86_selector_fault(mem, X86_GP, selector);
    if (!x86_linear_read(mem, gva, bytes, sizeof(bytes)))
        return false;
    *upper = get_le64(bytes);
    return !(*upper >> 40 & 31) || x86_selector_fault(mem, X86_GP, selector);
}

static bool take_gate(struct x86_linear *mem, uint16_t selector, uint64_t low, struct gate *gate)
{
    unsigned type = x86_descriptor_type(low);
    uint64_t upper = 0;

    if (!x86_gate_allows(low, selector, x86_cpl(mem->state)))
        return x86_selector_fault(mem, X86_GP, selector);
    if (!x86_descriptor_is_present(low))
        return x86_selector_fault(mem, X86_NP, selector);
    if (is_long(mem->state) && !read_upper_half(mem, selector, &upper))
        return false;
    gate->size = is_long(mem->state) ? 8 : type == X86_CALL_GATE ? 4 : 2;
    gate->selector = x86_gate_selector(low);
    gate->offset = low & 0xffff;
    if (gate->size >= 4)
        gate->offset |= low >> 32 & 0xffff0000;
    gate->offset |= upper << 32;
    gate->parameters = gate->size == 8 ? 0 : low >> 32 & 31;
    return true;
}

/* ---- the code segment -------------------------------------------------------------------- */

static bool is_code(uint64_t descriptor)
{
    return !x86_descriptor_is_system(descriptor) && (x86_descriptor_type(descriptor) & TYPE_CODE);
}

static bool is_conforming(uint64_t code)
{
    return x86_descriptor_type(code) & TYPE_CONFORMING;
}

/* JMP never changes the privilege, CALL never to less. */
static bool code_allows(uint64_t code, unsigned cpl, bool call)
{
    unsigned dpl = x86_descriptor_dpl(code);

    return call || is_conforming(code) ? dpl <= cpl : dpl == cpl;
}

static bool take_code(struct x86_linear *mem, struct gate *gate, bool call)
{
    unsigned cpl = x86_cpl(mem->state);
    uint64_t code;

    if (is_null(gate->selector))
        return x86_selector_fault(mem, X86_GP, 0);
    if (!x86_descriptor_read(mem, gate->selector, X86_GP, &code))
        return false;
    if (!is_code(code) || !code_allows(code, cpl, call))
        return x86_selector_fault(mem, X86_GP, gate->selector);
    if (is_long(mem->state) && (code & (DESCRIPTOR_L | DESCRIPTOR_D)) != DESCRIPTOR_L)
        return x86_selector_fault(mem, X86_GP, gate->selector);
    if (!x86_descriptor_is_present(code))
        return x86_selector_fault(mem, X86_NP, gate->selector);
    gate->code = code;
    gate->inward = !is_conforming(code) && x86_descriptor_dpl(code) < cpl;
    gate->cpl = gate->inward ? x86_descriptor_dpl(code) : cpl;
    return true;
}

static bool check_target(struct x86_linear *mem, const struct gate *gate)
{
    struct x86_segment cs;

    x86_descriptor_segment(gate->code, gate->selector, &cs);
    if (gate->size == 8 ? !canonical(mem->state, gate->offset) : gate->offset > cs.limit)
        return x86_selector_fault(mem, X86_GP, 0);
    return true;
}

/* ---- the stack --------------------------------------------------------------------------- */

static uint64_t stack_mask(const struct x86_segment *ss)
{
    return ss->access & SEG_DB ? 0xffffffff : 0xffff;
}

static void current_stack(const struct x86_state *s, const struct gate *gate, struct stack *stack)
{
    *stack = (struct stack){.ss = s->seg[X86_SS],
                            .mask = gate->size == 8 ? ~0ull : stack_mask(&s->seg[X86_SS]),
                            .kind = x86_cpl(s) == 3 ? X86_LINEAR_USER : X86_LINEAR_SUPERVISOR};
    stack->sp = s->gpr[X86_RSP] & stack->mask;
}

/*
 * The TSS's stack pointer for `cpl`, and the SS behind it: offset 4 + 8 * cpl, 16-bit 2 + 4 * cpl.
 * In IA-32e mode the place of SS holds the upper half of RSP.
 */
static bool read_tss(struct x86_linear *mem, unsigned cpl, uint64_t *sp, uint16_t *ss)
{
    const struct x86_segment *tr = &mem->state->seg[X86_TR];
    unsigned word = is_long(mem->state) ? 8 : SEG_TYPE(tr->access) & 8 ? 4 : 2;
    unsigned at = word == 2 ? cpl * 4 + 2 : cpl * 8 + 4, size = word == 8 ? 8 : word + 2;
    uint8_t bytes[8] = {0};

    if (at + size - 1 > tr->limit)
        return x86_selector_fault(mem, X86_TS, tr->selector);
    if (!x86_linear_read(mem, tr->base + at, bytes, size))
        return false;
    *sp = word == 8 ? get_le64(bytes) : word == 4 ? get_le32(bytes) : get_le16(bytes);
    *ss = word == 8 ? (uint16_t)cpl : get_le16(bytes + word);
    return true;
}

static bool is_stack_for(uint64_t descriptor, uint16_t selector, unsigned cpl)
{
    return !x86_descriptor_is_system(descriptor) &&
           (x86_descriptor_type(descriptor) & (TYPE_CODE | TYPE_WRITABLE)) == TYPE_WRITABLE &&
           x86_descriptor_dpl(descriptor) == cpl && (selector & 3u) == cpl;
}

static bool load_new_ss(struct x86_linear *mem, uint16_t selector, unsigned cpl,
                        struct stack *stack)
{
    if (is_null(selector))
        return x86_selector_fault(mem, X86_TS, selector);
    if (!x86_descriptor_read(mem, selector, X86_TS, &stack->descriptor))
        return false;
    if (!is_stack_for(stack->descriptor, selector, cpl))
        return x86_selector_fault(mem, X86_TS, selector);
    if (!x86_descriptor_is_present(stack->descriptor))
        return x86_selector_fault(mem, X86_SS_FAULT, selector);
    x86_descriptor_segment(stack->descriptor | DESCRIPTOR_ACCESSED, selector, &stack->ss);
    return true;
}

static bool new_stack(struct x86_linear *mem, const struct gate *gate, struct stack *stack)
{
    uint16_t selector = 0;

    *stack = (struct stack){.mask = ~0ull, .kind = X86_LINEAR_SUPERVISOR};
    if (!read_tss(mem, gate->cpl, &stack->sp, &selector))
        return false;
    stack->error = selector;
    if (gate->size == 8) {
        stack->ss =
            (struct x86_segment){.selector = selector, .access = SEG_UNUSABLE | gate->cpl << 5};
        return true;
    }
    if (!load_new_ss(mem, selector, gate->cpl, stack))
        return false;
    stack->mask = stack_mask(&stack->ss);
    stack->sp &= stack->mask;
    return true;
}

/* Is the word of `size` bytes at an offset in SS inside the segment (SDM vol. 3, 5.3)? */
static bool word_fits(const struct x86_state *s, const struct stack *stack, uint64_t at,
                      unsigned size)
{
    uint64_t last = at + size - 1;

    if (size == 8)
        return canonical(s, at) && canonical(s, last);
    if (SEG_TYPE(stack->ss.access) & TYPE_EXPAND_DOWN)
        return at > stack->ss.limit && last <= stack->mask;
    return last <= stack->ss.limit;
}

/* Linear address of the word `index` words above the stack pointer (below: negative). */
static bool word_at(struct x86_linear *mem, const struct stack *stack, int index, unsigned size,
                    uint64_t *gva)
{
    uint64_t at = (stack->sp + (uint64_t)(int64_t)(index * (int)size)) & stack->mask;

    *gva = size == 8 ? at : stack->ss.base + at;
    return word_fits(mem->state, stack, at, size) ||
           x86_selector_fault(mem, X86_SS_FAULT, stack->error);
}

static bool check_room(struct x86_linear *mem, const struct stack *stack, unsigned size, int words)
{
    uint64_t gva;

    for (int i = 1; i <= words; i++)
        if (!word_at(mem, stack, -i, size, &gva))
            return false;
    return true;
}

/* Only page faults can still be in the way of a stack that has room. */
static bool check_pages(struct x86_linear *mem, const struct stack *stack, unsigned size, int words)
{
    uint64_t gva;
    bool ok = true;

    mem->kind = stack->kind;
    for (int i = 1; ok && i <= words; i++)
        ok = word_at(mem, stack, -i, size, &gva) && x86_linear_can_write(mem, gva, size);
    mem->kind = X86_LINEAR_IMPLICIT;
    return ok;
}

/* ---- the frame --------------------------------------------------------------------------- */

struct frame {
    uint64_t words[FRAME_MAX]; /* in the order of the pushes */
    int count;
};

static void push(struct frame *frame, uint64_t word)
{
    frame->words[frame->count++] = word;
}

/* The first parameter, at the old stack pointer, is the last to be pushed. */
static bool push_parameters(struct x86_linear *mem, const struct gate *gate, struct frame *frame)
{
    struct stack old;
    bool ok = true;

    current_stack(mem->state, gate, &old);
    mem->kind = old.kind;
    for (int i = (int)gate->parameters - 1; ok && i >= 0; i--) {
        uint8_t bytes[4] = {0};
        uint64_t gva;

        ok =
            word_at(mem, &old, i, gate->size, &gva) && x86_linear_read(mem, gva, bytes, gate->size);
        push(frame, get_le32(bytes));
    }
    mem->kind = X86_LINEAR_IMPLICIT;
    return ok;
}

static uint64_t return_address(const struct x86_state *s, unsigned insn_len)
{
    uint64_t next = s->rip + insn_len;

    return x86_mode_of(s) == X86_MODE_LONG64 ? next : (uint32_t)next;
}

static bool make_frame(struct x86_linear *mem, const struct gate *gate, unsigned insn_len,
                       struct frame *frame)
{
    const struct x86_state *s = mem->state;

    frame->count = 0;
    if (gate->inward) {
        push(frame, s->seg[X86_SS].selector);
        push(frame, s->gpr[X86_RSP]);
        if (!push_parameters(mem, gate, frame))
            return false;
    }
    push(frame, s->seg[X86_CS].selector);
    push(frame, return_address(s, insn_len));
    return true;
}

static bool write_frame(struct x86_linear *mem, const struct gate *gate, const struct stack *stack,
                        const struct frame *frame)
{
    bool ok = true;

    mem->kind = stack->kind;
    for (int i = 0; ok && i < frame->count; i++) {
        uint8_t bytes[8];
        uint64_t gva;

        put_le64(bytes, frame->words[i]);
        ok = word_at(mem, stack, -1 - i, gate->size, &gva) &&
             x86_linear_write(mem, gva, bytes, gate->size);
    }
    mem->kind = X86_LINEAR_IMPLICIT;
    return ok;
}

/* ---- the instruction --------------------------------------------------------------------- */

/* RF and the shadow of STI and MOV SS are over behind any instruction. A 64-bit CS has no base. */
static void enter(struct x86_state *s, const struct gate *gate)
{
    uint16_t selector = (uint16_t)((gate->selector & 0xfffcu) | gate->cpl);

    x86_descriptor_segment(gate->code, selector, &s->seg[X86_CS]);
    if (gate->size == 8)
        s->seg[X86_CS].base = 0;
    s->rip = gate->offset;
    s->rflags &= ~(uint64_t)RFLAGS_RF;
    s->interruptibility &= X86_BLOCKING_BY_NMI;
}

static bool jump(struct x86_state *s, struct x86_linear *mem, struct gate *gate)
{
    if (!check_target(mem, gate) || !x86_descriptor_set_accessed(mem, gate->selector, &gate->code))
        return false;
    enter(s, gate);
    return true;
}

/* Everything is checked, what is left can only fault on a page of a descriptor table. */
static bool finish_call(struct x86_state *s, struct x86_linear *mem, struct gate *gate,
                        struct stack *stack, const struct frame *frame)
{
    uint64_t below = (uint64_t)frame->count * gate->size;

    if (!x86_descriptor_set_accessed(mem, gate->selector, &gate->code))
        return false;
    if (stack->descriptor &&
        !x86_descriptor_set_accessed(mem, stack->ss.selector, &stack->descriptor))
        return false;
    if (!write_frame(mem, gate, stack, frame))
        return false;
    s->seg[X86_SS] = stack->ss;
    s->gpr[X86_RSP] = (s->gpr[X86_RSP] & ~stack->mask) | ((stack->sp - below) & stack->mask);
    enter(s, gate);
    return true;
}

static bool call_through(struct x86_state *s, struct x86_linear *mem, struct gate *gate,
                         unsigned insn_len)
{
    int words = gate->inward ? (int)gate->parameters + 4 : 2;
    struct stack stack;
    struct frame frame;

    if (!gate->inward)
        current_stack(s, gate, &stack);
    else if (!new_stack(mem, gate, &stack))
        return false;
    if (!check_room(mem, &stack, gate->size, words) || !check_target(mem, gate))
        return false;
    if (!make_frame(mem, gate, insn_len, &frame) || !check_pages(mem, &stack, gate->size, words))
        return false;
    return finish_call(s, mem, gate, &stack, &frame);
}

enum x86_gate_verdict x86_call_gate(struct x86_state *s, struct x86_linear *mem, uint16_t selector,
                                    bool call, unsigned insn_len)
{
    struct gate gate = {0};
    uint64_t low;
    enum x86_gate_verdict verdict = read_gate(mem, selector, &low);

    if (verdict != X86_GATE_DONE)
        return verdict;
    if (!take_gate(mem, selector, low, &gate) || !take_code(mem, &gate, call))
        return X86_GATE_FAULT;
    if (call ? !call_through(s, mem, &gate, insn_len) : !jump(s, mem, &gate))
        return X86_GATE_FAULT;
    return X86_GATE_DONE;
}
