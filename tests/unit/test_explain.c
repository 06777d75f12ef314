/*
 * core/explain*.c, core/fields.c and what they use: the words for every exit reason, against
 * tests/unit/explain.golden. With VLAB_GOLDEN=write in the environment the file is written anew:
 * read the difference before it is kept.
 */
#include "core/explain.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Q EXIT_HAS_QUALIFICATION
#define INTR EXIT_HAS_INTR
#define INFO EXIT_HAS_INSN_INFO
#define HARDWARE(vector) (INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | (vector))

struct sample {
    const char *title; /* NULL: the reason's name */
    struct vm_exit exit;
};

/* clang-format off */
/* What a reason alone does not show: each kind of access, each field. */
static const struct sample samples[] = {
    {"CPUID leaf 1", {.reason = EXIT_CPUID, .value = 1}},
    {"out byte", {.reason = EXIT_IO, .has = Q, .qualification = 0x00e90040, .value = 'H'}},
    {"out newline", {.reason = EXIT_IO, .has = Q, .qualification = 0x03f80000, .value = 0xa}},
    {"in word", {.reason = EXIT_IO, .has = Q, .qualification = 0x01f00009, .value = 0x1234}},
    {"out dword", {.reason = EXIT_IO, .has = Q, .qualification = 0xffff0003, .value = 0xffffffff}},
    {"rep outsb", {.reason = EXIT_IO, .has = Q, .qualification = 0x03f80030}},
    {"insw", {.reason = EXIT_IO, .has = Q, .qualification = 0x00600019}},
    {"mov cr3, eax",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 3, .value = 0x1000,
      .mode = X86_MODE_PROT32}},
    {"mov r9, cr0",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x910, .value = 0xffffffff80000011,
      .mode = X86_MODE_LONG64}},
    {"mov cr4, rax",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 4, .value = 0x20,
      .mode = X86_MODE_LONG64}},
    {"clts", {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x20}},
    {"lmsw", {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x00010070}},
    {"mov dr7, eax",
     {.reason = EXIT_DR_ACCESS, .has = Q, .qualification = 7, .value = 0x401,
      .mode = X86_MODE_PROT32}},
    {"mov rbx, dr6",
     {.reason = EXIT_DR_ACCESS, .has = Q, .qualification = 0x316, .value = 0xffff0ff0,
      .mode = X86_MODE_LONG64}},
    {"rdmsr EFER", {.reason = EXIT_RDMSR, .msr = 0xc0000080, .value = 0x501}},
    {"rdmsr unknown", {.reason = EXIT_RDMSR, .msr = 0x12345678, .value = 0}},
    {"wrmsr wide",
     {.reason = EXIT_WRMSR, .msr = 0xc0000102, .value = 0xffffffff80001000}},
    {"wrmsr TSC", {.reason = EXIT_WRMSR, .msr = 0x10, .value = 0xffffffff80001000}},
    {"invlpg", {.reason = EXIT_INVLPG, .has = Q, .qualification = 0x400000}},
    {"EPT write, not mapped",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA | EXIT_HAS_GVA, .qualification = 0x182,
      .guest_physical = 0xfee00000, .guest_linear = 0xfee00000, .mode = X86_MODE_PROT32}},
    {"EPT read, paging on",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA | EXIT_HAS_GVA, .qualification = 0x181,
      .guest_physical = 0xfee00000, .guest_linear = 0xd0000000, .mode = X86_MODE_PROT32}},
    {"EPT write, read-only",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA | EXIT_HAS_GVA, .qualification = 0x1aa,
      .guest_physical = 0xf0000, .mode = X86_MODE_LONG64}},
    {"EPT fetch, real mode",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA, .qualification = 0x184,
      .guest_physical = 0xa0000, .mode = X86_MODE_REAL}},
    {"EPT, page walk",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA | EXIT_HAS_GVA, .qualification = 0x81,
      .guest_physical = 0x3ffffff000, .mode = X86_MODE_LONG64}},
    {"EPT, longest",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA, .qualification = 0x182,
      .guest_physical = 0xffffffffffffffff, .mode = X86_MODE_LONG64}},
    {"#PF, user write, not present",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0xffffffff80400000,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = 6}},
    {"#PF, supervisor fetch, denied",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x1000,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = 0x11}},
    {"#PF, reserved bit",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x1000,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = 9}},
    {"#GP(0)",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(13) | INTR_HAS_ERROR}},
    {"#GP, IDT entry",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(13) | INTR_HAS_ERROR,
      .intr_error = 0x102}},
    {"#NP, GDT selector",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(11) | INTR_HAS_ERROR,
      .intr_error = 0x28}},
    {"#DF",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(8) | INTR_HAS_ERROR}},
    {"#UD", {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(6)}},
    {"#DB",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x4001,
      .intr_info = HARDWARE(1)}},
    {"#BP",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR,
      .intr_info = INTR_VALID | INTR_SOFTWARE_EXCEPTION << 8 | 3}},
    {"NMI",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = INTR_VALID | INTR_NMI << 8 | 2}},
    {"#GP while #PF was delivered",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR | EXIT_HAS_VECTORING,
      .intr_info = HARDWARE(13) | INTR_HAS_ERROR, .intr_error = 0x72,
      .idt_vectoring = HARDWARE(14) | INTR_HAS_ERROR}},
    {"EPT violation while INT 0x80 was delivered",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA | EXIT_HAS_VECTORING,
      .qualification = 0x182, .guest_physical = 0x40000000, .mode = X86_MODE_PROT32,
      .idt_vectoring = INTR_VALID | INTR_SOFTWARE << 8 | 0x80}},
    {"external interrupt",
     {.reason = EXIT_EXTERNAL_INTERRUPT, .has = INTR, .intr_info = INTR_VALID | 0x20}},
    {"external interrupt with an exception's number",
     {.reason = EXIT_EXTERNAL_INTERRUPT, .has = INTR | EXIT_HAS_VECTORING,
      .intr_info = INTR_VALID | 8, .idt_vectoring = INTR_VALID | INTR_SOFTWARE << 8 | 0x10}},
    {"task switch", {.reason = EXIT_TASK_SWITCH, .has = Q, .qualification = 0xc0000028}},
    {"SIPI", {.reason = EXIT_SIPI, .has = Q, .qualification = 0x9a}},
    {"APIC access", {.reason = EXIT_APIC_ACCESS, .has = Q, .qualification = 0x10b0}},
    {"APIC write", {.reason = EXIT_APIC_WRITE, .has = Q, .qualification = 0x300}},
    {"virtual EOI", {.reason = EXIT_VIRTUALIZED_EOI, .has = Q, .qualification = 0x31}},
    {"MWAIT", {.reason = EXIT_MWAIT, .has = Q, .qualification = 1}},
    {"entry failure", {.reason = EXIT_ENTRY_GUEST_STATE, .has = Q, .qualification = 4}},
    {"MSR load", {.reason = EXIT_ENTRY_MSR_LOAD, .has = Q, .qualification = 2}},
    {"EPT misconfiguration",
     {.reason = EXIT_EPT_MISCONFIG, .has = EXIT_HAS_GPA, .guest_physical = 0x1234000}},
    {"LGDT", {.reason = EXIT_GDTR_IDTR, .has = Q, .qualification = 0x7c80}},
    {"lgdt ss:[ebp-8], 32-bit",
     {.reason = EXIT_GDTR_IDTR, .has = Q | INFO, .qualification = 0xfffffff8,
      .insn_info = 2u << 28 | 5 << 23 | 1 << 22 | 2 << 15 | 1 << 11 | 1 << 7,
      .mode = X86_MODE_PROT32}},
    {"sidt [rip+...], 64-bit",
     {.reason = EXIT_GDTR_IDTR, .has = Q | INFO, .qualification = 0xffffffff80001234,
      .insn_info = 1u << 28 | 1 << 27 | 1 << 22 | 3 << 15 | 2 << 7, .mode = X86_MODE_LONG64}},
    {"ltr cx",
     {.reason = EXIT_LDTR_TR, .has = Q | INFO, .insn_info = 3u << 28 | 1 << 10 | 1 << 3,
      .mode = X86_MODE_PROT32}},
    {"sldt [bx+si-2], 16-bit",
     {.reason = EXIT_LDTR_TR, .has = Q | INFO, .qualification = 0xfffe,
      .insn_info = 3 << 23 | 6 << 18 | 3 << 15, .mode = X86_MODE_PROT16}},
    {"vmptrld fs:[r8+r15*8+0x10]",
     {.reason = EXIT_VMPTRLD, .has = Q | INFO, .qualification = 0x10,
      .insn_info = 8 << 23 | 15 << 18 | 4 << 15 | 2 << 7 | 3, .mode = X86_MODE_LONG64}},
    {"vmread rbx, r9",
     {.reason = EXIT_VMREAD, .has = Q | INFO, .insn_info = 9u << 28 | 1 << 10 | 3 << 3,
      .mode = X86_MODE_LONG64}},
    {"vmwrite edi, [edx]",
     {.reason = EXIT_VMWRITE, .has = Q | INFO,
      .insn_info = 7u << 28 | 2 << 23 | 1 << 22 | 3 << 15 | 1 << 7, .mode = X86_MODE_PROT32}},
    {"invept rdx, [rsp+rcx]",
     {.reason = EXIT_INVEPT, .has = Q | INFO,
      .insn_info = 2u << 28 | 4 << 23 | 1 << 18 | 2 << 15 | 2 << 7, .mode = X86_MODE_LONG64}},
    {"rdrand cx",
     {.reason = EXIT_RDRAND, .has = INFO, .insn_info = 1 << 3, .mode = X86_MODE_LONG64}},
    {"rdseed r13",
     {.reason = EXIT_RDSEED, .has = INFO, .insn_info = 2 << 11 | 13 << 3,
      .mode = X86_MODE_LONG64}},
    {"gs outsb, 32-bit addresses",
     {.reason = EXIT_IO, .has = Q | INFO | EXIT_HAS_GVA, .qualification = 0x00e90010,
      .guest_linear = 0x12340, .insn_info = 5 << 15 | 1 << 7, .mode = X86_MODE_PROT32}},
    {"insb",
     {.reason = EXIT_IO, .has = Q | INFO | EXIT_HAS_GVA, .qualification = 0x00e90018,
      .guest_linear = 0x3800, .mode = X86_MODE_REAL}},
    {"out, bit of bitmap A",
     {.reason = EXIT_IO, .has = Q, .qualification = 0x00e90040, .value = 'H',
      .cause = EXIT_CAUSE_BITMAP}},
    {"in, bit of bitmap B",
     {.reason = EXIT_IO, .has = Q, .qualification = 0xffff0008, .value = 0xff,
      .cause = EXIT_CAUSE_BITMAP}},
    {"out dword, a bit of the bitmaps",
     {.reason = EXIT_IO, .has = Q, .qualification = 0x7ffe0003, .cause = EXIT_CAUSE_BITMAP}},
    {"in, unconditional",
     {.reason = EXIT_IO, .has = Q, .qualification = 0x00600008, .cause = EXIT_CAUSE_CONTROL}},
    {"out that wraps",
     {.reason = EXIT_IO, .has = Q, .qualification = 0xffff0001, .cause = EXIT_CAUSE_BEYOND}},
    {"rdmsr, read bitmap for high MSRs",
     {.reason = EXIT_RDMSR, .msr = 0xc0000080, .value = 0x501, .cause = EXIT_CAUSE_BITMAP}},
    {"wrmsr, write bitmap for low MSRs",
     {.reason = EXIT_WRMSR, .msr = 0x277, .value = 0x7040600070406, .cause = EXIT_CAUSE_BITMAP}},
    {"wrmsr, no bitmaps",
     {.reason = EXIT_WRMSR, .msr = 0x1b, .value = 1, .cause = EXIT_CAUSE_NO_BITMAP}},
    {"rdmsr beyond the bitmaps, refused",
     {.reason = EXIT_RDMSR, .msr = 0x40000000, .cause = EXIT_CAUSE_BEYOND, .raised = 13}},
    {"mov cr0, eax: one bit is owned",
     {.reason = EXIT_CR_ACCESS, .has = Q, .value = 0x80000011, .mode = X86_MODE_PROT32,
      .cause = EXIT_CAUSE_MASK, .owned = 0x80000000}},
    {"mov cr4, rax: many bits are owned",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 4, .value = 0x86b0,
      .mode = X86_MODE_LONG64, .cause = EXIT_CAUSE_MASK, .owned = 0x86b0}},
    {"lmsw: two bits are owned",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x00030030, .cause = EXIT_CAUSE_MASK,
      .owned = 3}},
    {"clts: TS is owned",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x20, .cause = EXIT_CAUSE_MASK,
      .owned = 8}},
    {"mov rax, cr3",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x13, .value = 0x1000,
      .mode = X86_MODE_LONG64, .cause = EXIT_CAUSE_CONTROL}},
    {"mov cr8, rax",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 8, .value = 5, .mode = X86_MODE_LONG64,
      .cause = EXIT_CAUSE_CONTROL}},
    {"mov rax, cr8",
     {.reason = EXIT_CR_ACCESS, .has = Q, .qualification = 0x18, .value = 5,
      .mode = X86_MODE_LONG64, .cause = EXIT_CAUSE_CONTROL}},
    {"#PF that does not match",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x400000,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = 4, .cause = EXIT_CAUSE_NO_MATCH}},
    {"#PF by a protection key",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x400123,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = 0x27}},
    {"#DB, DR7.GD", {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x2000,
      .intr_info = HARDWARE(1)}},
    {"INT1",
     {.reason = EXIT_EXCEPTION_NMI, .has = INTR,
      .intr_info = INTR_VALID | INTR_PRIVILEGED_SOFTWARE << 8 | 1}},
    {"#AC", {.reason = EXIT_EXCEPTION_NMI, .has = INTR, .intr_info = HARDWARE(17) | INTR_HAS_ERROR}},
    {"EPT fetch, not allowed",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA, .qualification = 0x19c,
      .guest_physical = 0x30000, .mode = X86_MODE_LONG64}},
    {"EPT read, only fetches",
     {.reason = EXIT_EPT_VIOLATION, .has = Q | EXIT_HAS_GPA, .qualification = 0x1a1,
      .guest_physical = 0x30000, .mode = X86_MODE_LONG64}},
    {"vmxon, refused",
     {.reason = EXIT_VMXON, .has = Q | INFO, .insn_info = 3 << 23 | 1 << 22 | 3 << 15 | 2 << 7,
      .mode = X86_MODE_LONG64, .cause = EXIT_CAUSE_ALWAYS, .raised = 6}},
    {"every bit of a word but fetches allowed: EPT",
     {.reason = EXIT_EPT_VIOLATION, .has = Q, .qualification = ~0x20ull, .mode = X86_MODE_LONG64}},
    {"no linear address: EPT",
     {.reason = EXIT_EPT_VIOLATION, .has = Q, .qualification = 2, .mode = X86_MODE_LONG64}},
    {"every bit of a word: #DB",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = ~0ull,
      .intr_info = HARDWARE(1)}},
    {"every bit of a word: #PF",
     {.reason = EXIT_EXCEPTION_NMI, .has = Q | INTR, .qualification = 0x1000,
      .intr_info = HARDWARE(14) | INTR_HAS_ERROR, .intr_error = ~0u}},
    {"every bit of a word: VMWRITE",
     {.reason = EXIT_VMWRITE, .has = INFO, .insn_info = ~0u, .mode = X86_MODE_LONG64}},
    {"every bit of a word: INVVPID",
     {.reason = EXIT_INVVPID, .has = INFO, .insn_info = ~0u, .mode = X86_MODE_LONG64}},
};
/* clang-format on */

#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void describe(FILE *out, const char *title, const struct vm_exit *exit)
{
    char text[1024];

    fprintf(out, "== %s\n", title);
    exit_meaning(exit, text, sizeof(text));
    if (*text)
        fprintf(out, "meaning: %s\n", text);
    exit_why(exit, text, sizeof(text));
    fprintf(out, "why: %s\n", text);
    for (unsigned line = 0; exit_field_line(exit, line, text, sizeof(text)); line++)
        fprintf(out, "  %s\n", text);
    fprintf(out, "manual: %s\n\n", exit_manual(exit->reason));
}

static char *describe_all(void)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        describe(out, samples[i].title, &samples[i].exit);
    for (uint32_t reason = 0; reason <= EXIT_REASON_COUNT; reason++) {
        struct vm_exit bare = {.reason = reason};
        char title[40];

        if (reason < EXIT_REASON_COUNT && strcmp(exit_reason_name(reason), "unknown") == 0)
            continue;
        snprintf(title, sizeof(title), "%u %s", reason, exit_reason_name(reason));
        describe(out, title, &bare);
    }
    fclose(out);
    return text;
}

static FILE *open_golden(const char *mode)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof(path), "%s/tests/unit/explain.golden",
             getenv("TOP") ? getenv("TOP") : ".");
    f = fopen(path, mode);
    ck_assert_msg(f != NULL, "%s: cannot open", path);
    return f;
}

START_TEST(test_golden)
{
    char *text = describe_all(), *rest = text;
    char line[2048];
    unsigned number = 0;
    FILE *f;

    if (getenv("VLAB_GOLDEN")) {
        f = open_golden("w");
        fputs(text, f);
        fclose(f);
    }
    f = open_golden("r");
    while (fgets(line, sizeof(line), f)) {
        size_t length = strlen(line);

        number++;
        ck_assert_msg(strncmp(rest, line, length) == 0, "line %u: expected %snow %.300s", number,
                      line, rest);
        rest += length;
    }
    ck_assert_msg(*rest == '\0', "more than the golden file: %.300s", rest);
    fclose(f);
    free(text);
}
END_TEST

/* ASCII, one line, no space at either end, and the promised length. */
static void check_text(const char *text, size_t max)
{
    size_t length = strlen(text);

    ck_assert_msg(length <= max, "%zu characters: %s", length, text);
    ck_assert(length == 0 || (text[0] != ' ' && text[length - 1] != ' '));
    ck_assert_ptr_null(strstr(text, "  "));
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            ck_abort_msg("byte 0x%x in: %s", (unsigned char)text[i], text);
}

START_TEST(test_every_reason_is_written)
{
    char text[1024];

    for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++) {
        struct vm_exit exit = {.reason = reason, .has = Q | INTR | EXIT_HAS_GPA};

        if (strcmp(exit_reason_name(reason), "unknown") == 0)
            continue;
        exit_meaning(&exit, text, sizeof(text));
        ck_assert_msg(*text, "reason %u has no meaning", reason);
        check_text(text, 40);
        exit_why(&exit, text, sizeof(text));
        ck_assert_msg(strlen(text) > 40 && text[strlen(text) - 1] == '.', "reason %u: %s", reason,
                      text);
        ck_assert_str_ne(exit_manual(reason), exit_manual(EXIT_REASON_COUNT));
    }
}
END_TEST

/* Lines of the screen's pane at 80 columns. */
static unsigned lines_of(const char *text, size_t width)
{
    unsigned lines = 1;
    size_t col = 0;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (col && col + 1 + word > width) {
            lines++;
            col = 0;
        }
        col += (col ? 1 : 0) + word;
        text += word + (text[word] == ' ');
    }
    return lines;
}

/* The pane has three lines. An event that was being delivered makes one more. */
START_TEST(test_fits_the_pane)
{
    char text[1024];

    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const struct vm_exit *exit = &samples[i].exit;

        if (strncmp(samples[i].title, "every bit", 9) == 0)
            continue;
        exit_why(exit, text, sizeof(text));
        ck_assert_msg(lines_of(text, 76) <= (exit->has & EXIT_HAS_VECTORING ? 4 : 3), "%s: %s",
                      samples[i].title, text);
    }
}
END_TEST

START_TEST(test_any_record)
{
    uint64_t state = 88172645463325252u;
    char text[1024];

    for (unsigned turn = 0; turn < 50000; turn++) {
        uint64_t noise[(sizeof(struct vm_exit) + 7) / 8];
        struct vm_exit exit;

        for (size_t i = 0; i < sizeof(noise) / 8; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise[i] = state;
        }
        memcpy(&exit, noise, sizeof(exit));
        exit.reason = turn % 4 ? turn % 70 : exit.reason;
        exit_meaning(&exit, text, sizeof(text));
        check_text(text, 40);
        exit_why(&exit, text, sizeof(text));
        check_text(text, 700);
        for (unsigned line = 0; exit_field_line(&exit, line, text, sizeof(text)); line++)
            ck_assert_uint_lt(line, 50);
    }
}
END_TEST

START_TEST(test_small_buffers)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        for (size_t size = 1; size < 64; size++) {
            char *exact = malloc(size); /* for the address sanitizer */

            exit_meaning(&samples[i].exit, exact, size);
            ck_assert_uint_lt(strnlen(exact, size), size);
            exit_why(&samples[i].exit, exact, size);
            ck_assert_uint_eq(strnlen(exact, size), size - 1);
            if (exit_field_line(&samples[i].exit, 0, exact, size))
                ck_assert_uint_lt(strnlen(exact, size), size);
            free(exact);
        }
    }
}
END_TEST

/* What a kernel passed on: how it called it, and which of the words are missing. */
START_TEST(test_of_the_kernel)
{
    struct vm_exit exit = {.reason = EXIT_EPT_VIOLATION,
                           .source = EXIT_SOURCE_KVM,
                           .native = 6,
                           .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GPA,
                           .qualification = EPT_QUAL_WRITE | EPT_QUAL_TRANSLATION};
    char why[1024];

    exit_why(&exit, why, sizeof(why));
    ck_assert_ptr_nonnull(strstr(why, "passed it on as KVM_EXIT_MMIO."));
    ck_assert_ptr_nonnull(strstr(why, "does not tell which it was."));
    exit.has |= EXIT_HAS_INSN;
    exit_why(&exit, why, sizeof(why));
    ck_assert_ptr_nonnull(strstr(why, "does not tell the linear address."));
    exit.source = EXIT_SOURCE_EMULATED;
    exit_why(&exit, why, sizeof(why));
    ck_assert_ptr_null(strstr(why, "kernel"));
    exit =
        (struct vm_exit){.reason = EXIT_EXTERNAL_INTERRUPT, .source = EXIT_SOURCE_KVM, .native = 2};
    exit_why(&exit, why, sizeof(why));
    ck_assert_ptr_nonnull(strstr(why, "Our devices raised it"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(all, test_golden);
    tcase_add_test(all, test_every_reason_is_written);
    tcase_add_test(all, test_fits_the_pane);
    tcase_add_test(all, test_any_record);
    tcase_add_test(all, test_small_buffers);
    tcase_add_test(all, test_of_the_kernel);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
