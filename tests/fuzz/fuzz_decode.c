/*
 * Fuzz entry: any bytes as an instruction. The first byte chooses the code size. What must hold: a
 * length of at most 15 and of what was there, and the same answer from exactly those bytes; the
 * operands of an exit of any reason at it are found within them.
 */
#include "core/exit.h"
#include "x86/decode.h"
#include "x86/insn_info.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_operands(const struct x86_insn *insn, const uint8_t *data, unsigned bits)
{
    uint8_t *exact = malloc(insn->length); /* for the address sanitizer */
    uint64_t displacement;
    uint32_t info;

    if (!exact)
        abort();
    for (unsigned i = 0; i < insn->length; i++)
        exact[i] = data[i];
    for (uint32_t reason = 0; reason <= EXIT_REASON_COUNT; reason++)
        if (x86_insn_displacement(insn, exact, bits, 0, reason, &displacement) &&
            !x86_insn_info(insn, exact, bits, reason, &info))
            abort();
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x86_insn insn, again;
    uint32_t last;
    unsigned bits;

    if (size == 0)
        return 0;
    bits = 16u << data[0] % 3;
    data++;
    size--;
    if (x86_count_insns(data, size, bits, &last) > size || (size && last >= size))
        abort();
    if (!x86_decode(data, size, bits, &insn)) {
        if (insn.length != 0)
            abort();
        return 0;
    }
    if (insn.length == 0 || insn.length > 15 || insn.length > size)
        abort();
    if (!x86_decode(data, insn.length, bits, &again) || again.length != insn.length)
        abort();
    if (x86_decode(data, insn.length - 1u, bits, &again))
        abort();
    fuzz_operands(&insn, data, bits);
    return 0;
}
