/*
 * The table of known differences, see fidelity.h. The CPU's core is Unicorn's, QEMU 5.0.1; QEMU
 * means 7.2 with TCG.
 */
#include "x86/fidelity.h"

#include <stddef.h>

#define ANY FIDELITY_ANY
#define NONE FIDELITY_NONE
#define ALL FIDELITY_EVERYTHING

const struct fidelity fidelity_table[] = {
    {.id = "avx",
     .text = "There is no AVX; CPUID and XCR0 say so.",
     .section = "vol. 1, 14.3",
     .seen = "#UD",
     .owner = FIDELITY_CORE},
    {.id = "x87-flags",
     .text = "x87 instructions do not set the exception flags in the status word.",
     .section = "vol. 1, 8.1.3.3",
     .seen = "FNSTSW",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xd8, 0xdf, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS}}},
    {.id = "x87-double",
     .text = "FPREM, FSIN, FYL2X and the other x87 functions are computed with the precision of a "
             "double.",
     .section = "vol. 1, 8.3.10",
     .seen = "the low bits of ST(0)",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xd9, 0xd9, 6, NONE, NONE, 0, FIDELITY_X87 | FIDELITY_X87_STATUS},
                  {0, 0xd9, 0xd9, 7, NONE, NONE, 0, FIDELITY_X87 | FIDELITY_X87_STATUS}}},
    {.id = "x87-snan",
     .text = "FLD of a signalling NaN of 32 or 64 bits leaves it signalling.",
     .section = "vol. 1, 4.8.3.4",
     .seen = "bit 62 of ST(0)",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xd9, 0xd9, 0, NONE, NONE, 0, FIDELITY_X87 | FIDELITY_X87_STATUS},
                  {0, 0xdd, 0xdd, 0, NONE, NONE, 0, FIDELITY_X87 | FIDELITY_X87_STATUS}}},
    {.id = "mmx-state",
     .text = "SSSE3 instructions on MMX registers leave TOP and the tags as they are, and some MMX "
             "instructions change them even when they fault.",
     .section = "vol. 1, 9.5.1",
     .seen = "TOP in the x87 status word, the tags that FNSTENV and FNSAVE store",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xd9, 0xd9, 6, NONE, NONE, 0, FIDELITY_MEMORY},
                  {0, 0xdd, 0xdd, 6, NONE, NONE, 0, FIDELITY_MEMORY},
                  {1, 0x2a, 0x2d, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87},
                  {1, 0x60, 0x7f, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87},
                  {1, 0xc4, 0xc5, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87},
                  {1, 0xd0, 0xff, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87},
                  {2, 0x00, 0xff, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87},
                  {3, 0x00, 0xff, ANY, ANY, ANY, 0, FIDELITY_X87_STATUS | FIDELITY_X87}}},
    {.id = "fxsave-pointers",
     .text = "QEMU's FXSAVE stores zeros for the x87 instruction and data pointers.",
     .section = "vol. 1, 10.5.1",
     .seen = "bytes 8 to 23 of the image",
     .owner = FIDELITY_QEMU,
     .patterns = {{1, 0xae, 0xae, 0, NONE, NONE, 0, FIDELITY_MEMORY}}},
    {.id = "sse-flags",
     .text = "SSE instructions do not set the exception flags in MXCSR.",
     .section = "vol. 1, 10.2.3.1",
     .seen = "STMXCSR",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x2a, 0x2f, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {1, 0x51, 0x5f, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {1, 0x7c, 0x7d, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {1, 0xc2, 0xc2, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {1, 0xd0, 0xd0, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {1, 0xe6, 0xe6, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {3, 0x08, 0x0b, ANY, NONE, NONE, 0, FIDELITY_MXCSR},
                  {3, 0x40, 0x41, ANY, NONE, NONE, 0, FIDELITY_MXCSR}}},
    {.id = "sse-alignment",
     .text = "SSE instructions take a memory operand of 16 bytes at any address instead of raising "
             "#GP at one that is not aligned.",
     .section = "vol. 1, 10.4.1.1",
     .seen = "no #GP(0)",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x10, 0xff, ANY, NONE, 13, 0, ALL},
                  {1, 0x10, 0xff, ANY, 14, 13, 0, ALL},
                  {2, 0x00, 0xff, ANY, NONE, 13, 0, ALL},
                  {2, 0x00, 0xff, ANY, 14, 13, 0, ALL},
                  {3, 0x00, 0xff, ANY, NONE, 13, 0, ALL},
                  {3, 0x00, 0xff, ANY, 14, 13, 0, ALL}}},
    {.id = "branch-operand-size",
     .text = "In 64-bit code a near branch with an operand-size prefix cuts RIP to 16 bits, as "
             "AMD's CPUs do, instead of ignoring the prefix.",
     .section = "vol. 2, Jcc, JMP, CALL, LOOP",
     .seen = "RIP",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0x70, 0x7f, ANY, ANY, ANY, FIDELITY_OPSIZE, ALL},
                  {0, 0xe0, 0xe3, ANY, ANY, ANY, FIDELITY_OPSIZE, ALL},
                  {0, 0xe8, 0xe9, ANY, ANY, ANY, FIDELITY_OPSIZE, ALL},
                  {0, 0xeb, 0xeb, ANY, ANY, ANY, FIDELITY_OPSIZE, ALL},
                  {1, 0x80, 0x8f, ANY, ANY, ANY, FIDELITY_OPSIZE, ALL}}},
    {.id = "lock-bit-register",
     .text = "LOCK BTS, LOCK BTR or LOCK BTC on a register ends the run with an error instead of "
             "raising #UD.",
     .section = "vol. 2, LOCK",
     .seen = "the run's last line",
     .owner = FIDELITY_CORE},
    {.id = "torn-store",
     .text = "A shift, rotate, XADD, SHLD or SHRD of an unaligned operand that begins in front of "
             "the basic block that runs and reaches into it is done twice on the bytes in front; "
             "so are others through a second mapping of that page.",
     .section = "vol. 3, 8.1.3",
     .seen = "the operand",
     .owner = FIDELITY_CORE},
    {.id = "bmi-undefined",
     .text = "After the #UD of a reserved VEX.0F38.F3 form RFLAGS holds the operand, VM and IOPL "
             "included.",
     .section = "vol. 3, 6.15, Interrupt 6",
     .seen = "the saved RFLAGS",
     .owner = FIDELITY_CORE,
     .patterns = {{2, 0xf3, 0xf3, ANY, 6, 6, 0, ALL}}},
    {.id = "reserved-simd",
     .text = "Some MMX, SSE and BMI encodings that the manual reserves run instead of raising #UD, "
             "and some prefixes that it does not list raise #UD instead of being ignored.",
     .section = "vol. 2, 2.6 and 3.1.1.1",
     .seen = "#UD or its absence",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x0d, 0xff, ANY, ANY, 6, 0, ALL},
                  {1, 0x10, 0x17, ANY, 6, ANY, 0, ALL},
                  {1, 0x28, 0x2f, ANY, 6, ANY, 0, ALL},
                  {1, 0x50, 0x7f, ANY, 6, ANY, 0, ALL},
                  {1, 0xc2, 0xc6, ANY, 6, ANY, 0, ALL},
                  {1, 0xd0, 0xff, ANY, 6, ANY, 0, ALL},
                  {2, 0x00, 0xff, ANY, ANY, 6, 0, ALL},
                  {2, 0x00, 0xff, ANY, 6, ANY, 0, ALL},
                  {2, 0xf0, 0xf1, ANY, 13, 14, 0, ALL},
                  {3, 0x00, 0xff, ANY, ANY, 6, 0, ALL},
                  {3, 0x00, 0xff, ANY, 6, ANY, 0, ALL}}},
    {.id = "string-io-order",
     .text =
         "INS and OUTS touch memory before the port's permission is looked at: #PF comes before "
         "#GP, and a denied INS leaves zeros.",
     .section = "vol. 2, INS and OUTS",
     .seen = "memory and the order of exceptions",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0x6c, 0x6f, ANY, 13, 13, 0, FIDELITY_MEMORY},
                  {0, 0x6c, 0x6f, ANY, 14, 13, 0, ALL}}},
    {.id = "two-mandatory-prefixes",
     .text =
         "Of two of the prefixes 66, F2 and F3 in front of one opcode another one decides than on "
         "a real CPU.",
     .section = "vol. 2, 2.6 and A.2.1",
     .seen = "another instruction runs",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x10, 0xff, ANY, ANY, ANY, FIDELITY_MANDATORY_TWO, ALL},
                  {2, 0x00, 0xff, ANY, ANY, ANY, FIDELITY_MANDATORY_TWO, ALL},
                  {3, 0x00, 0xff, ANY, ANY, ANY, FIDELITY_MANDATORY_TWO, ALL}}},
    {.id = "sysenter-long",
     .text = "QEMU raises #UD for SYSENTER and SYSEXIT in long mode, as AMD's CPUs do.",
     .section = "vol. 2, SYSENTER",
     .seen = "#UD",
     .owner = FIDELITY_QEMU,
     .patterns = {{1, 0x34, 0x35, ANY, ANY, 6, 0, ALL}}},
    {.id = "horizontal-same",
     .text =
         "PHADDW, PHADDD, PHSUBW, PHSUBD and their saturating and floating-point kin give a wrong "
         "high half when source and destination are the same register.",
     .section = "vol. 2, PHADDW",
     .seen = "the destination",
     .owner = FIDELITY_CORE,
     .patterns = {{2, 0x01, 0x07, ANY, NONE, NONE, 0, FIDELITY_XMM | FIDELITY_X87},
                  {1, 0x7c, 0x7d, ANY, NONE, NONE, 0, FIDELITY_XMM | FIDELITY_MXCSR}}},
    {.id = "lock-neg",
     .text = "LOCK NEG sets SF, ZF and PF by the old value.",
     .section = "vol. 2, NEG",
     .seen = "RFLAGS",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xf6, 0xf7, 3, NONE, NONE, FIDELITY_LOCK, FIDELITY_RFLAGS}}},
    {.id = "adcx-flags",
     .text = "QEMU's ADCX and ADOX change other flags than CF and OF.",
     .section = "vol. 2, ADCX and ADOX",
     .seen = "RFLAGS",
     .owner = FIDELITY_QEMU,
     .patterns = {{2, 0xf6, 0xf6, ANY, NONE, NONE, 0, FIDELITY_RFLAGS}}},
    {.id = "xsetbv",
     .text = "XSETBV at CPL 3 raises #GP instead of #UD while CR4.OSXSAVE is 0.",
     .section = "vol. 2, XSETBV",
     .seen = "the vector",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x01, 0x01, 2, 13, 6, 0, ALL}}},
    {.id = "bmi2-width",
     .text = "BZHI with an index beyond the operand clears its highest bit, and PDEP of 32 bits "
             "leaves bits above 31.",
     .section = "vol. 2, BZHI and PDEP",
     .seen = "the destination, SF",
     .owner = FIDELITY_CORE,
     .patterns = {{2, 0xf5, 0xf5, ANY, NONE, NONE, 0, FIDELITY_GPR | FIDELITY_RFLAGS}}},
    {.id = "svm-user",
     .text = "VMRUN and the other AMD-V instructions raise #GP in ring 3 instead of #UD.",
     .section = "vol. 3, 6.15, Interrupt 6",
     .seen = "the vector",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x01, 0x01, 3, 13, 6, 0, ALL}}},
    {.id = "far-return-error-code",
     .text =
         "QEMU's far returns from ring 3 read the stack as a supervisor does: the error code of "
         "#PF lacks the U bit.",
     .section = "vol. 3, 4.7",
     .seen = "the error code",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xca, 0xcf, ANY, 14, 14, 0, FIDELITY_MEMORY}}},
    {.id = "segment-limits",
     .text =
         "The limit of a segment is not checked by loads, stores and fetches, nor by IP running "
         "over the end of a 16-bit code segment.",
     .section = "vol. 3, 5.3",
     .seen = "no #GP or #SS",
     .owner = FIDELITY_BOTH},
    {.id = "string-compare",
     .text = "PCMPESTRI, PCMPESTRM and their kin give a wrong result for some ranges and lengths.",
     .section = "vol. 2, 4.1",
     .seen = "XMM0, ECX, RFLAGS",
     .owner = FIDELITY_CORE,
     .patterns = {{3, 0x60, 0x63, ANY, NONE, NONE, 0,
                   FIDELITY_XMM | FIDELITY_GPR | FIDELITY_RFLAGS}}},
    {.id = "fisttp-overflow",
     .text = "FISTTP and FIST of a value that does not fit store another one than the integer "
             "indefinite.",
     .section = "vol. 2, FISTTP",
     .seen = "memory",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xdb, 0xdf, 1, NONE, NONE, 0, FIDELITY_MEMORY | FIDELITY_X87_STATUS},
                  {0, 0xdb, 0xdf, 2, NONE, NONE, 0, FIDELITY_MEMORY | FIDELITY_X87_STATUS},
                  {0, 0xdb, 0xdf, 3, NONE, NONE, 0, FIDELITY_MEMORY | FIDELITY_X87_STATUS},
                  {0, 0xdf, 0xdf, 7, NONE, NONE, 0, FIDELITY_MEMORY | FIDELITY_X87_STATUS}}},
    {.id = "movbe-rex-w",
     .text = "QEMU's MOVBE moves 16 bits when it has both 66 and REX.W, which goes first.",
     .section = "vol. 2, 2.2.1.2",
     .seen = "the destination",
     .owner = FIDELITY_QEMU,
     .patterns = {{2, 0xf0, 0xf1, ANY, NONE, NONE, FIDELITY_OPSIZE,
                   FIDELITY_GPR | FIDELITY_MEMORY}}},
    {.id = "rex-order",
     .text = "QEMU obeys a REX prefix that another prefix follows instead of ignoring it.",
     .section = "vol. 2, 2.2.1",
     .seen = "another register, another operand size",
     .owner = FIDELITY_QEMU},
    {.id = "popcnt16",
     .text = "POPCNT in 16-bit code works on 32 bits instead of 16.",
     .section = "vol. 2, POPCNT",
     .seen = "the result, ZF, the destination's high half",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0xb8, 0xb8, ANY, NONE, NONE, 0, FIDELITY_GPR | FIDELITY_RFLAGS}}},
    {.id = "enter16",
     .text = "ENTER with a 16-bit operand writes more of RBP than BP.",
     .section = "vol. 2, ENTER",
     .seen = "RBP",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xc8, 0xc8, ANY, NONE, NONE, 0, FIDELITY_GPR}}},
    {.id = "movhlps",
     .text = "QEMU's MOVHLPS and MOVLHPS leave their destination as it is.",
     .section = "vol. 2, MOVHLPS and MOVLHPS",
     .seen = "the destination",
     .owner = FIDELITY_QEMU,
     .patterns = {{1, 0x12, 0x12, ANY, NONE, NONE, 0, FIDELITY_XMM},
                  {1, 0x16, 0x16, ANY, NONE, NONE, 0, FIDELITY_XMM}}},
    {.id = "lahf-rex",
     .text = "LAHF and SAHF with a REX prefix use SPL instead of AH.",
     .section = "vol. 2, LAHF",
     .seen = "AH, RSP",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0x9e, 0x9f, ANY, NONE, NONE, 0, FIDELITY_GPR | FIDELITY_RFLAGS}}},
    {.id = "mov-rex-r",
     .text = "MOV of an immediate (C6, C7) with REX.R raises #UD instead of ignoring the bit.",
     .section = "vol. 2, 2.2.1.2",
     .seen = "#UD",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xc6, 0xc7, 0, 6, ANY, 0, ALL}}},
    {.id = "mov-reserved",
     .text = "QEMU runs C6 and C7 with ModRM.reg other than 0 as MOV instead of raising #UD.",
     .section = "vol. 2, Table A-6",
     .seen = "no #UD",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xc6, 0xc7, ANY, 6, ANY, 0, ALL}}},
    {.id = "int-error-code",
     .text = "In 64-bit mode QEMU's error code for an INT beyond the IDT counts 16 bytes a vector, "
             "not 8.",
     .section = "vol. 3, 6.13",
     .seen = "the error code of #GP",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xcd, 0xcd, ANY, 13, 13, 0, FIDELITY_MEMORY}}},
    {.id = "rep-outs-none",
     .text = "QEMU looks at the port's permission of REP INS and REP OUTS though the count is 0.",
     .section = "vol. 2, REP",
     .seen = "#GP",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0x6c, 0x6f, ANY, NONE, 13, 0, ALL}}},
    {.id = "sse4a",
     .text = "MOVNTSS and MOVNTSD of SSE4a run, though CPUID does not report SSE4a.",
     .section = "vol. 2, MOVNTPS; AMD manual vol. 4",
     .seen = "no #UD",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0x2b, 0x2b, ANY, ANY, 6, 0, ALL}}},
    {.id = "cmp-immediate",
     .text = "CMPPS, CMPPD, CMPSS and CMPSD with an immediate above 7 raise #UD instead of "
             "ignoring its high bits.",
     .section = "vol. 2, CMPPS",
     .seen = "#UD",
     .owner = FIDELITY_CORE,
     .patterns = {{1, 0xc2, 0xc2, ANY, 6, ANY, 0, ALL}}},
    {.id = "rf-image",
     .text = "QEMU pushes RFLAGS with RF 0 for faults.",
     .section = "vol. 3, 18.3.1.1",
     .seen = "bit 16 of the image on the handler's stack",
     .owner = FIDELITY_QEMU},
    {.id = "lock",
     .text = "QEMU ignores LOCK in front of some instructions that may not have it.",
     .section = "vol. 2, LOCK",
     .seen = "no #UD",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0x00, 0xff, ANY, 6, ANY, FIDELITY_LOCK, ALL},
                  {1, 0x00, 0xff, ANY, 6, ANY, FIDELITY_LOCK, ALL},
                  {2, 0x00, 0xff, ANY, 6, ANY, FIDELITY_LOCK, ALL},
                  {3, 0x00, 0xff, ANY, 6, ANY, FIDELITY_LOCK, ALL}}},
    {.id = "pop-reserved",
     .text = "QEMU runs 8F with ModRM.reg other than 0 as POP instead of raising #UD.",
     .section = "vol. 2, Table A-6",
     .seen = "no #UD",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0x8f, 0x8f, ANY, 6, ANY, 0, ALL}}},
    {.id = "rotate-fault",
     .text = "QEMU's RCL and RCR change CF though their store faults.",
     .section = "vol. 3, 6.6",
     .seen = "RFLAGS",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xc0, 0xc1, 2, 14, 14, 0, FIDELITY_RFLAGS | FIDELITY_MEMORY},
                  {0, 0xc0, 0xc1, 3, 14, 14, 0, FIDELITY_RFLAGS | FIDELITY_MEMORY},
                  {0, 0xd0, 0xd3, 2, 14, 14, 0, FIDELITY_RFLAGS | FIDELITY_MEMORY},
                  {0, 0xd0, 0xd3, 3, 14, 14, 0, FIDELITY_RFLAGS | FIDELITY_MEMORY}}},
    {.id = "branch-canonical",
     .text =
         "QEMU takes a near branch to an address that is not canonical and faults there, not at "
         "the branch.",
     .section = "vol. 2, CALL, JMP, RET",
     .seen = "the saved RIP of #GP",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xc2, 0xc3, ANY, 13, ANY, 0, ALL},
                  {0, 0xff, 0xff, 2, 13, ANY, 0, ALL},
                  {0, 0xff, 0xff, 4, 13, ANY, 0, ALL}}},
    {.id = "stack-canonical",
     .text = "QEMU raises #GP, not #SS, for an address in the stack segment that is not canonical.",
     .section = "vol. 1, 3.3.7.1",
     .seen = "the vector",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0x00, 0xff, ANY, 12, 13, 0, ALL},
                  {1, 0x00, 0xff, ANY, 12, 13, 0, ALL},
                  {2, 0x00, 0xff, ANY, 12, 13, 0, ALL},
                  {3, 0x00, 0xff, ANY, 12, 13, 0, ALL}}},
    {.id = "int1",
     .text = "QEMU raises #UD for INT1 (F1).",
     .section = "vol. 2, INT1",
     .seen = "#UD instead of #DB",
     .owner = FIDELITY_QEMU,
     .patterns = {{0, 0xf1, 0xf1, ANY, ANY, 6, 0, ALL}}},
    {.id = "x87-rounding-up",
     .text = "C1 of the x87 status word does not tell that a result was rounded up.",
     .section = "vol. 1, 8.1.3.3",
     .seen = "FNSTSW",
     .owner = FIDELITY_BOTH},
    {.id = "bmi-flags",
     .text = "CF of BLSI and OF of ADOX are wrong for some operands.",
     .section = "vol. 2, BLSI and ADOX",
     .seen = "RFLAGS",
     .owner = FIDELITY_BOTH},
    {.id = "crc32-sse",
     .text = "CRC32 of 16 bits raises #UD, and CR0.TS and CR0.EM stop CRC32 as if it used SSE "
             "registers.",
     .section = "vol. 2, CRC32",
     .seen = "#UD, #NM",
     .owner = FIDELITY_CORE},
    {.id = "far-return-canonical",
     .text = "RETF and IRET to an address that is not canonical fault at the target, not at the "
             "instruction; so does a handler's entry point in the IDT.",
     .section = "vol. 2, RET and IRET",
     .seen = "the saved RIP of #GP",
     .owner = FIDELITY_BOTH},
    {.id = "cs-base",
     .text = "A far transfer, an interrupt or an IRET to 64-bit code whose descriptor has a base "
             "adds that base to RIP instead of ignoring it.",
     .section = "vol. 1, 3.4.2.1",
     .seen = "where the code is fetched from",
     .owner = FIDELITY_BOTH},
    {.id = "canonical-straddle",
     .text = "An access that begins below the hole of non-canonical addresses and ends in it is "
             "judged by its first byte.",
     .section = "vol. 1, 3.3.7.1",
     .seen = "#PF instead of #GP or #SS",
     .owner = FIDELITY_BOTH},
    {.id = "mmx-faults",
     .text = "CR0.TS goes before CR0.EM for MMX and SSE instructions, and EMMS does not raise a "
             "pending x87 exception.",
     .section = "vol. 3, 12.1 and 14.1",
     .seen = "#NM instead of #UD, no #MF",
     .owner = FIDELITY_BOTH},
    {.id = "mxcsr-reserved",
     .text = "LDMXCSR and FXRSTOR take reserved bits of MXCSR instead of raising #GP.",
     .section = "vol. 1, 10.2.3",
     .seen = "no #GP(0)",
     .owner = FIDELITY_BOTH},
    {.id = "data-breakpoint-alias",
     .text = "A data breakpoint also hits an access to the same memory through another mapping, "
             "and is not held back behind MOV SS.",
     .section = "vol. 3, 18.2.5",
     .seen = "#DB",
     .owner = FIDELITY_CORE},
    {.id = "pdpte-accessed",
     .text = "QEMU sets bit 5 of a PDPTE of PAE paging, which is reserved there.",
     .section = "vol. 3, Table 4-8",
     .seen = "memory that no instruction wrote",
     .owner = FIDELITY_QEMU},
};
const unsigned fidelity_count = sizeof(fidelity_table) / sizeof(fidelity_table[0]);

const char *fidelity_owner_name(enum fidelity_owner owner)
{
    static const char *const names[] = {[FIDELITY_CORE] = "this CPU",
                                        [FIDELITY_BOTH] = "this CPU and QEMU",
                                        [FIDELITY_QEMU] = "QEMU"};

    return names[owner];
}

static bool vector_fits(uint8_t pattern, unsigned vector)
{
    return pattern == ANY || pattern == vector;
}

static bool has_prefix(const struct x86_insn *insn, unsigned prefix)
{
    if (prefix == FIDELITY_LOCK)
        return insn->lock;
    if (prefix == FIDELITY_MANDATORY_TWO)
        return insn->opsize_prefix + insn->rep + insn->repne > 1;
    return prefix != FIDELITY_OPSIZE || insn->opsize_prefix;
}

static bool fits(const struct fidelity_pattern *p, const struct x86_insn *insn, unsigned fields,
                 unsigned here, unsigned there)
{
    if (!p->last || insn->map != p->map || insn->opcode < p->first || insn->opcode > p->last)
        return false;
    if (p->reg != ANY && (!insn->has_modrm || (insn->modrm >> 3 & 7) != p->reg))
        return false;
    return has_prefix(insn, p->prefix) && !(fields & ~(unsigned)p->fields) &&
           vector_fits(p->here, here) && vector_fits(p->there, there);
}

const struct fidelity *fidelity_explain(const struct x86_insn *insn, unsigned fields, unsigned here,
                                        unsigned there)
{
    struct x86_insn pop = *insn;

    if (insn->map >= 8) { /* XOP, to a CPU that has it; its first byte is POP's */
        pop.map = 0;
        pop.opcode = 0x8f;
        insn = &pop;
    }
    for (unsigned i = 0; i < fidelity_count; i++)
        for (unsigned k = 0; k < FIDELITY_PATTERNS; k++)
            if (fits(&fidelity_table[i].patterns[k], insn, fields, here, there))
                return &fidelity_table[i];
    return NULL;
}
