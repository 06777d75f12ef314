/* Which instruction is where, see session_insn.h (opcodes: SDM vol. 2, appendix A). */
#include "tui/session_insn.h"

static unsigned code_bits(const struct x86_state *state)
{
    return x86_mode_bits(x86_mode_of(state));
}

static uint64_t linear_of(const struct x86_state *state)
{
    return code_bits(state) == 64 ? state->rip
                                  : (state->rip + state->seg[X86_CS].base) & UINT32_MAX;
}

uint64_t session_linear_rip(const struct session *s)
{
    struct x86_state state;

    machine_get_state(s->machine, &state);
    return linear_of(&state);
}

static bool decode_at(const struct session *s, const struct x86_state *state, uint64_t linear,
                      struct x86_insn *insn)
{
    uint8_t bytes[15];
    size_t size = machine_read_linear(s->machine, linear, bytes, sizeof(bytes));

    return x86_decode(bytes, size, code_bits(state), insn);
}

bool session_insn_at(const struct session *s, uint64_t linear, struct x86_insn *insn)
{
    struct x86_state state;

    machine_get_state(s->machine, &state);
    return decode_at(s, &state, linear, insn);
}

bool session_insn_here(const struct session *s, struct x86_insn *insn, uint64_t *linear)
{
    struct x86_state state;

    machine_get_state(s->machine, &state);
    *linear = linear_of(&state);
    return decode_at(s, &state, *linear, insn);
}

bool session_is_call(const struct x86_insn *insn)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map != 0 || insn->vector)
        return false;
    if (op == 0xff)
        return reg == 2 || reg == 3;
    return op == 0xe8 || op == 0x9a || (op >= 0xcc && op <= 0xce);
}

bool session_is_return(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    return insn->map == 0 && !insn->vector &&
           (op == 0xc2 || op == 0xc3 || op == 0xca || op == 0xcb || op == 0xcf);
}

bool session_is_repeated(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    if (insn->map != 0 || insn->vector || !(insn->rep || insn->repne))
        return false;
    return (op >= 0x6c && op <= 0x6f) || (op >= 0xa4 && op <= 0xaf && op != 0xa8 && op != 0xa9);
}
