/*
 * Fuzz entry: any bytes as an instruction. The first byte chooses the code size. What must hold: a
 * length of at most 15 and of what was there, and the same answer from exactly those bytes.
 */
#include "x86/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x86_insn insn, again;
    unsigned bits;

    if (size == 0)
        return 0;
    bits = 16u << data[0] % 3;
    data++;
    size--;
    if (x86_count_insns(data, size, bits) > size)
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
    return 0;
}
