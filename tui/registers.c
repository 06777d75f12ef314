/* The list of registers, see registers.h. What a lab never looks at is left out. */
#include "tui/registers.h"

static const struct bit_name flag_names[] = {
    {RFLAGS_AC, "AC"}, {RFLAGS_VM, "VM"}, {RFLAGS_RF, "RF"}, {RFLAGS_NT, "NT"}, {RFLAGS_OF, "OF"},
    {RFLAGS_DF, "DF"}, {RFLAGS_IF, "IF"}, {RFLAGS_TF, "TF"}, {RFLAGS_SF, "SF"}, {RFLAGS_ZF, "ZF"},
    {RFLAGS_AF, "AF"}, {RFLAGS_PF, "PF"}, {RFLAGS_CF, "CF"}, {0, NULL}};

static const struct bit_name cr0_names[] = {
    {CR0_PG, "PG"}, {CR0_CD, "CD"}, {CR0_NW, "NW"}, {CR0_AM, "AM"}, {CR0_WP, "WP"}, {CR0_NE, "NE"},
    {CR0_ET, "ET"}, {CR0_TS, "TS"}, {CR0_EM, "EM"}, {CR0_MP, "MP"}, {CR0_PE, "PE"}, {0, NULL}};

static const struct bit_name cr4_names[] = {{CR4_PKE, "PKE"},
                                            {CR4_SMAP, "SMAP"},
                                            {CR4_SMEP, "SMEP"},
                                            {CR4_OSXSAVE, "OSXSAVE"},
                                            {CR4_FSGSBASE, "FSGSBASE"},
                                            {CR4_LA57, "LA57"},
                                            {CR4_OSXMMEXCPT, "OSXMMEXCPT"},
                                            {CR4_OSFXSR, "OSFXSR"},
                                            {CR4_PGE, "PGE"},
                                            {CR4_PAE, "PAE"},
                                            {CR4_PSE, "PSE"},
                                            {0, NULL}};

static const struct bit_name efer_names[] = {
    {EFER_NXE, "NXE"}, {EFER_LMA, "LMA"}, {EFER_LME, "LME"}, {EFER_SCE, "SCE"}, {0, NULL}};

static void regs_add(struct regs *regs, const char *name, int digits, uint64_t now, uint64_t before)
{
    regs->list[regs->count++] =
        (struct reg){.name = name, .now = now, .before = before, .digits = digits};
}

static void regs_add_gprs(struct regs *regs, const struct model *model)
{
    static const enum x86_gpr order[REGS_GPRS] = {
        X86_RAX, X86_RBX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_RSP, X86_RBP,
        X86_R8,  X86_R9,  X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15};
    static const char *const wide[REGS_GPRS] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI",
                                                "RSP", "RBP", "R8",  "R9",  "R10", "R11",
                                                "R12", "R13", "R14", "R15"};
    static const char *const narrow[8] = {"EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "ESP", "EBP"};
    bool is_wide = model_digits(model) == 16;

    regs->gprs = is_wide ? REGS_GPRS : 8;
    for (unsigned i = 0; i < regs->gprs; i++)
        regs_add(regs, is_wide ? wide[i] : narrow[i], (int)model_digits(model),
                 model->now.gpr[order[i]], model->before.gpr[order[i]]);
}

static void regs_add_segments(struct regs *regs, const struct model *model)
{
    static const char *const names[REGS_SEGS] = {"ES", "CS", "SS", "DS", "FS", "GS"};

    for (unsigned i = 0; i < REGS_SEGS; i++)
        regs_add(regs, names[i], 4, model->now.seg[i].selector, model->before.seg[i].selector);
}

/* Those of the system's that are bits rather than numbers. */
static void regs_name_bits(struct regs *regs)
{
    struct reg *system = &regs->list[regs->gprs + REGS_SEGS];

    system[REG_FL].bits = flag_names;
    system[REG_CR0].bits = cr0_names;
    system[REG_CR4].bits = cr4_names;
    system[REG_EFER].bits = efer_names;
}

void regs_collect(struct regs *regs, const struct model *model)
{
    const struct x86_state *now = &model->now, *before = &model->before;
    int digits = (int)model_digits(model);

    regs->count = 0;
    regs->has_before = model->has_before;
    regs_add_gprs(regs, model);
    regs_add_segments(regs, model);
    regs_add(regs, digits == 16 ? "RIP" : "EIP", digits, now->rip, before->rip);
    regs_add(regs, "FL", 8, now->rflags, before->rflags);
    regs_add(regs, "CR0", 8, now->cr0, before->cr0);
    regs_add(regs, "CR2", digits, now->cr2, before->cr2);
    regs_add(regs, "CR3", digits, now->cr3, before->cr3);
    regs_add(regs, "CR4", 8, now->cr4, before->cr4);
    regs_add(regs, "EFER", 4, now->efer, before->efer);
    if (now->cr4 & CR4_PKE)
        regs_add(regs, "PKRU", 8, now->pkru, before->pkru);
    regs_name_bits(regs);
}

const struct reg *regs_system(const struct regs *regs, unsigned which)
{
    unsigned i = regs->gprs + REGS_SEGS + which;

    return i < regs->count ? &regs->list[i] : NULL;
}

bool regs_changed(const struct regs *regs, const struct reg *reg)
{
    return regs->has_before && reg->now != reg->before;
}
