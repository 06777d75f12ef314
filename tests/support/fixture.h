/*
 * A machine for tests that run a few instructions: programs are bytes at 1000h, entered in real
 * mode, flat 32-bit protected mode or 64-bit mode; every exit is kept.
 *
 * One machine at a time, in `f`: tests run in processes of their own.
 */
#ifndef VLAB_TESTS_SUPPORT_FIXTURE_H
#define VLAB_TESTS_SUPPORT_FIXTURE_H

#include "core/backend.h"
#include "core/machine.h"

#include <check.h>

#define AT 0x1000u /* the program */
#define EXITS_KEPT 64

struct fixture {
    struct machine *m;
    struct vm_exit exits[EXITS_KEPT];
    unsigned count; /* exits seen, also those that were not kept */
    char text[64];  /* what the guest printed */
    size_t text_size;
};
extern struct fixture f;

/* A new machine with 2 MiB, and its end; for tcase_add_checked_fixture(). */
void fixture_setup(void);
void fixture_setup_ept_flags(void);      /* its second stage has A and D flags */
void fixture_setup_shadow(void);         /* a machine without a second stage: shadow paging */
void fixture_setup_kvm(void);            /* a machine on /dev/kvm */
void fixture_setup_kernel_irqchip(void); /* the same with the kernel's interrupt controllers */
void fixture_teardown(void);
void fixture_again(void); /* one after the other */

typedef void enter_fn(struct x86_state *s);

/* Real mode: all bases 0, SP = 7000h. */
enter_fn enter_real;
/* Flat 32-bit protected mode, no paging, CPL 0, an IDT with nothing in it. */
enter_fn enter_flat32;
/*
 * 64-bit mode, PML4 at 10000h; 0-1 MiB is mapped one to one by 4 KiB pages for supervisors, but
 * page 5000h is not present and 6000h is read-only; 2-4 MiB is one large page.
 */
enter_fn enter_long64;

/* The program, and the CPU in front of it. */
void load(const uint8_t *code, size_t size, enter_fn *enter);

#define LOAD(enter, ...)                                                                           \
    do {                                                                                           \
        static const uint8_t code[] = {__VA_ARGS__};                                               \
        load(code, sizeof(code), enter);                                                           \
    } while (0)

/* machine_run() with limits; 0: none. */
struct run_result run(uint64_t insns, uint64_t exits);

uint64_t reg(enum x86_gpr gpr);

#endif
