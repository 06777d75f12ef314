/* See guest_machine.h. */
#include "tests/support/guest_machine.h"

#include "core/loader.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

const char *const guest_names[] = {
    "boot_real.bin", "real16.elf",       "prot32.elf",      "ring3.elf",    "paging32.elf",
    "pae.elf",       "long64.elf",       "ring3_64.elf",    "task32.elf",   "v86.elf",
    "page_ad.elf",   "page_global.elf",  "smep_smap.elf",   "la57.elf",     "smc.elf",
    "irq_hlt.elf",   "rtc_irq.elf",      "single_step.elf", "fpu_lazy.elf", "syscalls.elf",
    "hw_break.elf",  "double_fault.elf", "bios_disk.bin",   "uart_irq.elf", "page_pku.elf",
};
const unsigned guest_name_count = sizeof(guest_names) / sizeof(guest_names[0]);

struct machine *guest_machine_of(const char *name, struct machine_config config)
{
    const char *build = getenv("BUILD");
    struct image image = {.name = name};
    struct machine *m;
    struct error err;
    uint8_t *data;
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/guest/%s", build ? build : "build", name);
    ck_assert_msg(file_read(path, 1u << 24, &data, &image.size, &err) == 0, "%s", err.text);
    image.data = data;
    config.ram_size = 4u << 20;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    ck_assert_msg(machine_load(m, &image, &err) == 0, "%s: %s", name, err.text);
    free(data);
    return m;
}

struct machine *guest_machine(const char *name)
{
    return guest_machine_of(name, (struct machine_config)MACHINE_CONFIG_DEFAULT);
}
