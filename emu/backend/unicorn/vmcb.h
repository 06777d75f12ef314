/*
 * The AMD-V virtual machine control block: AMD64 Architecture Programmer's Manual vol. 2,
 * Appendix B (layout) and Appendix C (exit codes).
 */
#ifndef VLAB_BACKEND_UNICORN_VMCB_H
#define VLAB_BACKEND_UNICORN_VMCB_H

/* Control area, byte offsets. */
enum vmcb_control {
    VMCB_CR_READ = 0x000,    /* u16, one bit a register */
    VMCB_CR_WRITE = 0x002,   /* u16 */
    VMCB_DR_READ = 0x004,    /* u16 */
    VMCB_DR_WRITE = 0x006,   /* u16 */
    VMCB_EXCEPTIONS = 0x008, /* u32, one bit a vector */
    VMCB_INTERCEPTS = 0x00c, /* u64, bit N is exit code 60h + N */
    VMCB_IOPM = 0x040,       /* u64, physical */
    VMCB_MSRPM = 0x048,      /* u64, physical */
    VMCB_ASID = 0x058,       /* u32 */
    VMCB_TLB_CONTROL = 0x05c,
    VMCB_INT_STATE = 0x068,
    VMCB_EVENTINJ = 0x0a8
};

/* State-save area. A segment is selector u16, attributes u16, limit u32, base u64. */
enum vmcb_save {
    VMCB_ES = 0x400,
    VMCB_CS = 0x410,
    VMCB_SS = 0x420,
    VMCB_DS = 0x430,
    VMCB_FS = 0x440,
    VMCB_GS = 0x450,
    VMCB_GDTR = 0x460,
    VMCB_LDTR = 0x470,
    VMCB_IDTR = 0x480,
    VMCB_TR = 0x490,
    VMCB_CPL = 0x4cb,
    VMCB_EFER = 0x4d0,
    VMCB_CR4 = 0x548,
    VMCB_CR3 = 0x550,
    VMCB_CR0 = 0x558,
    VMCB_DR7 = 0x560,
    VMCB_DR6 = 0x568,
    VMCB_RFLAGS = 0x570,
    VMCB_RIP = 0x578,
    VMCB_RSP = 0x5d8,
    VMCB_RAX = 0x5f8,
    VMCB_KERNEL_GS_BASE = 0x620,
    VMCB_SYSENTER_CS = 0x628,
    VMCB_SYSENTER_ESP = 0x630,
    VMCB_SYSENTER_EIP = 0x638,
    VMCB_CR2 = 0x640
};

#define VMCB_EVENTINJ_VALID (1u << 31)

enum svm_exit_code {
    SVM_EXIT_READ_CR0 = 0x00,
    SVM_EXIT_WRITE_CR0 = 0x10,
    SVM_EXIT_WRITE_CR8 = 0x18,
    SVM_EXIT_READ_DR0 = 0x20,
    SVM_EXIT_WRITE_DR0 = 0x30,
    SVM_EXIT_EXCEPTION = 0x40, /* + vector */
    SVM_EXIT_READ_IDTR = 0x66, /* then GDTR, LDTR, TR, and the same for writes */
    SVM_EXIT_WRITE_TR = 0x6d,
    SVM_EXIT_RDTSC = 0x6e,
    SVM_EXIT_RDPMC = 0x6f,
    SVM_EXIT_CPUID = 0x72,
    SVM_EXIT_IRET = 0x74,
    SVM_EXIT_SOFTWARE_INT = 0x75,
    SVM_EXIT_INVD = 0x76,
    SVM_EXIT_PAUSE = 0x77,
    SVM_EXIT_HLT = 0x78,
    SVM_EXIT_INVLPG = 0x79,
    SVM_EXIT_IOIO = 0x7b,
    SVM_EXIT_MSR = 0x7c,
    SVM_EXIT_SHUTDOWN = 0x7f,
    SVM_EXIT_VMRUN = 0x80,
    SVM_EXIT_VMMCALL = 0x81,
    SVM_EXIT_VMLOAD = 0x82,
    SVM_EXIT_VMSAVE = 0x83,
    SVM_EXIT_STGI = 0x84,
    SVM_EXIT_CLGI = 0x85,
    SVM_EXIT_SKINIT = 0x86,
    SVM_EXIT_RDTSCP = 0x87,
    SVM_EXIT_WBINVD = 0x89,
    SVM_EXIT_MONITOR = 0x8a,
    SVM_EXIT_MWAIT = 0x8b,
    SVM_EXIT_XSETBV = 0x8d
};

/* Not AMD's: what this backend notices itself and reports in the same field. */
enum private_exit_code {
    PRIVATE_EXIT_NPF = 0x400,    /* AMD's code for a nested page fault */
    PRIVATE_EXIT_FAULT = 0x1000, /* see struct fault */
    PRIVATE_EXIT_IO,             /* see struct io_access */
    PRIVATE_EXIT_IO_DENIED,      /* IN or OUT without the privilege */
    PRIVATE_EXIT_SYSTEM_CALL,    /* SYSCALL, SYSENTER */
    PRIVATE_EXIT_RANDOM,         /* RDRAND, RDSEED */
    PRIVATE_EXIT_XSETBV,
    PRIVATE_EXIT_TASK,       /* engine->task */
    PRIVATE_EXIT_GATE,       /* a call gate: engine->task has source and selector */
    PRIVATE_EXIT_EVENT,      /* engine->raised */
    PRIVATE_EXIT_BREAKPOINT, /* engine->debug_hit */
    PRIVATE_EXIT_AGAIN       /* no exit: the instruction is to be begun again, see breaks.c */
};

#define EFER_SVME (1u << 12) /* AMD manual vol. 2, 3.1.7; the guest never sees it */

#define SVM_INTERCEPT(code) (1ull << ((code)-0x60))
#define SVM_INTERCEPT_TABLES (0xffull << (SVM_EXIT_READ_IDTR - 0x60))

#endif
