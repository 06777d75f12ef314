/* A struct vm_exit to bytes and back: the RECORD table of trace/format.h. */
#include "trace/format.h"

#include "util/bytes.h"

#include <string.h>

void trace_record_put(uint8_t *p, const struct vm_exit *exit)
{
    put_le64(p, exit->seq);
    put_le64(p + 8, exit->insns);
    put_le64(p + 16, exit->rip);
    put_le64(p + 24, exit->cs_base);
    put_le64(p + 32, exit->qualification);
    put_le64(p + 40, exit->guest_linear);
    put_le64(p + 48, exit->guest_physical);
    put_le64(p + 56, exit->value);
    put_le32(p + 64, exit->msr);
    put_le32(p + 68, exit->reason);
    put_le32(p + 72, exit->native);
    put_le32(p + 76, exit->intr_info);
    put_le32(p + 80, exit->intr_error);
    put_le32(p + 84, exit->idt_vectoring);
    put_le32(p + 88, exit->idt_error);
    put_le32(p + 92, exit->cost);
    put_le16(p + 96, exit->selector);
    p[98] = exit->has;
    p[99] = exit->source;
    p[100] = exit->mode;
    p[101] = exit->cpl;
    p[102] = exit->vcpu;
    p[103] = exit->insn_len;
    memcpy(p + 104, exit->insn, sizeof(exit->insn));
    p[119] = (uint8_t)(exit->cause | exit->raised << 3);
    put_le32(p + 120, exit->insn_info);
    put_le32(p + 124, exit->owned);
}

bool trace_record_get(const uint8_t *p, struct vm_exit *exit)
{
    *exit = (struct vm_exit){
        .seq = get_le64(p),
        .insns = get_le64(p + 8),
        .rip = get_le64(p + 16),
        .cs_base = get_le64(p + 24),
        .qualification = get_le64(p + 32),
        .guest_linear = get_le64(p + 40),
        .guest_physical = get_le64(p + 48),
        .value = get_le64(p + 56),
        .msr = get_le32(p + 64),
        .reason = get_le32(p + 68),
        .native = get_le32(p + 72),
        .intr_info = get_le32(p + 76),
        .intr_error = get_le32(p + 80),
        .idt_vectoring = get_le32(p + 84),
        .idt_error = get_le32(p + 88),
        .cost = get_le32(p + 92),
        .selector = get_le16(p + 96),
        .has = p[98],
        .source = p[99],
        .mode = p[100],
        .cpl = p[101],
        .vcpu = p[102],
        .insn_len = p[103],
        .cause = p[119] & 7,
        .raised = p[119] >> 3,
        .insn_info = get_le32(p + 120),
        .owned = get_le32(p + 124),
    };
    memcpy(exit->insn, p + 104, sizeof(exit->insn));
    return exit->source <= EXIT_SOURCE_KVM && exit->mode <= X86_MODE_LONG64 && exit->cpl <= 3 &&
           exit->insn_len <= sizeof(exit->insn);
}
