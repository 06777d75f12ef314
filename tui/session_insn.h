/* The instruction where a session's machine stands, or one nearby, as far as stepping wants to know it. */
#ifndef VLAB_TUI_SESSION_INSN_H
#define VLAB_TUI_SESSION_INSN_H

#include "tui/session.h"
#include "x86/decode.h"

/* The linear address of the instruction that comes next. */
uint64_t session_linear_rip(const struct session *s);

/* The instruction at a linear address, in the mode of now. False when it cannot be read. */
bool session_insn_at(const struct session *s, uint64_t linear, struct x86_insn *insn);
bool session_insn_here(const struct session *s, struct x86_insn *insn, uint64_t *linear);

bool session_is_call(const struct x86_insn *insn);     /* CALL, INT n, INT3, INTO */
bool session_is_return(const struct x86_insn *insn);   /* RET, far RET, IRET */
bool session_is_repeated(const struct x86_insn *insn); /* a repeated string instruction */

#endif
