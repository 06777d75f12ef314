/* Machines with one of the guests of tests/guest, for tests of what a whole run is. */
#ifndef VLAB_TESTS_SUPPORT_GUEST_MACHINE_H
#define VLAB_TESTS_SUPPORT_GUEST_MACHINE_H

#include "core/machine.h"

/* Guests of every CPU mode, with interrupts, tasks, changing tables and code: names of built files. */
extern const char *const guest_names[];
extern const unsigned guest_name_count;

/* 4 MiB of RAM, the guest loaded. Fails the test when that does not work. */
struct machine *guest_machine(const char *name);
/* The same in a machine of another kind; ram_size is set. */
struct machine *guest_machine_of(const char *name, struct machine_config config);

#endif
