/*
 * The programs whose screens are measured: ours, and the debuggers that a student would take
 * instead, all on the same guest (bench/guest/step.asm), which begins with the loop.
 *
 * - gdb's TUI: `layout asm`, `layout regs`. cgdb: its disassembly; it has no registers.
 * - Both debug the guest in qemu-system-i386, which gdb starts and talks to through a pipe.
 */
#ifndef VLAB_BENCH_SCREENS_H
#define VLAB_BENCH_SCREENS_H

#include "pty.h"

#define SCREENS_LOOP 24 /* instructions of the guest's loop */

/* In the order of a measurement's turns. */
enum screen_program { SCREEN_VLAB, SCREEN_GDB, SCREEN_CGDB, SCREEN_COUNT };

#define SCREEN_STEP "01"    /* labs of ours, with bench/guest/step.asm */
#define SCREEN_ENDLESS "02" /* and endless.asm */

/* A data folder with those labs, and the environment that all programs get. */
int screens_prepare(struct error *err);

/* "gdb's TUI" */
const char *screen_name(enum screen_program program);
bool screen_installed(enum screen_program program);
/*
 * Start a program and wait until it stands in the loop and is quiet: ours after so many exits that
 * its list of them is full.
 */
int screen_open(struct pty **pty, enum screen_program program, int cols, int rows,
                struct error *err);
/* Ends the program with all that it started. NULL is fine. */
void screen_close(struct pty *pty, enum screen_program program);
/* Milliseconds after which it is done; a debugger waits for QEMU after it has echoed a key. */
int screen_silence(enum screen_program program);
/* The key that repeats a step. */
const char *screen_step_key(enum screen_program program);
/* Wait until the program shows that `steps`, a multiple of SCREENS_LOOP, were made. */
int screen_check(struct pty *pty, enum screen_program program, unsigned steps, struct error *err);

#endif
