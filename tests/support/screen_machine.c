/*
 * Models for tests of the screen that are taken from a small machine with page tables: what a session
 * publishes of it before and after one store to a page table. See screen_models.h.
 *
 *   1000 PML4  2000 PDPT  3000 PD  4000 PT; their half of the address space begins at ffff800000000000
 *   +0       2 MiB page at 0, supervisor, W+X: the code, at 10000
 *   +400000  4 KiB pages from 5000 on: rw-S with D, then r--U, one rwxU
 */
#include "tests/support/screen_models.h"

#include "tui/session.h"
#include "util/bytes.h"

#include <check.h>
#include <string.h>

#define HIGH 0xffff800000000000ull
#define P (1ull << 0)
#define W (1ull << 1)
#define U (1ull << 2)
#define A (1ull << 5)
#define D (1ull << 6)
#define PS (1ull << 7)
#define XD (1ull << 63)

static bool shadow_paging;

static void put(struct machine *m, uint64_t gpa, uint64_t entry)
{
    uint8_t bytes[8];

    put_le64(bytes, entry);
    ck_assert(ram_write(&m->ram, gpa, bytes, sizeof(bytes)));
}

static void tables(struct machine *m)
{
    put(m, 0x1000 + 8 * 256, 0x2000 | A | U | W | P);
    put(m, 0x2000, 0x3000 | A | U | W | P);
    put(m, 0x3000, PS | A | W | P);
    put(m, 0x3000 + 8 * 2, 0x4000 | A | U | W | P);
    put(m, 0x4000, 0x5000 | XD | D | A | W | P);
    for (unsigned i = 1; i < 8; i++)
        put(m, 0x4000 + 8 * i, (0x5000 + 0x1000 * i) | XD | A | U | P);
    put(m, 0x4000 + 8 * 9, 0xf000 | U | W | P);
}

/* mov [rdi], rax: the PTE of +401000 becomes writable. */
static void code(struct machine *m)
{
    static const uint8_t store[] = {0x48, 0x89, 0x07, 0xf4};
    struct x86_state s;

    ck_assert(ram_write(&m->ram, 0x10000, store, sizeof(store)));
    machine_get_state(m, &s);
    s.cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
    s.cr4 = CR4_PAE | CR4_PGE;
    s.cr3 = 0x1000;
    s.efer = EFER_LMA | EFER_LME | EFER_NXE;
    s.seg[X86_CS] = (struct x86_segment){
        .selector = 8, .limit = 0xffffffff, .access = 0xb | SEG_S | SEG_P | SEG_L | SEG_G};
    s.rip = HIGH + 0x10000;
    s.gpr[X86_RDI] = HIGH + 0x4008;
    s.gpr[X86_RAX] = 0x6000 | XD | A | U | W | P;
    s.gpr[X86_RSP] = HIGH + 0x400010;
    machine_set_state(m, &s);
}

static int open_machine(void *ctx, unsigned lab, const struct text_sink *text, struct machine **out,
                        struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    (void)ctx;
    (void)lab;
    config.ram_size = 2u << 20;
    config.shadow_paging = shadow_paging;
    config.text = *text;
    if (machine_create(out, &config, err) < 0)
        return -1;
    tables(*out);
    code(*out);
    return machine_protect(*out, 0x5000, 0x1000, EPT_READ);
}

/* Look, take one step, look again. */
static struct model *after_step(const struct command *look)
{
    static struct tui_config config;
    struct model *model = screen_model_empty();
    struct command open = {.kind = COMMAND_OPEN}, step = {.kind = COMMAND_STEP};
    struct session *session;

    config = (struct tui_config){.labs = model->labs, .lab_count = 1, .open = open_machine};
    session = session_create(&config);
    ck_assert_ptr_nonnull(session);
    session_execute(session, &open);
    ck_assert_int_eq(session->run, RUN_PAUSED);
    session_execute(session, look);
    session_execute(session, &step);
    ck_assert_int_eq(session->run, RUN_PAUSED);
    session_publish(session, model);
    session_destroy(session);
    return model;
}

static struct model *pages_of(bool shadow)
{
    struct command look = {.kind = COMMAND_LOOK_PAGES};

    shadow_paging = shadow;
    look.pages = (struct pages_question){
        .on = true, .place = {.base = MEMORY_RSP}, .access = X86_WRITE, .level = 0};
    return after_step(&look);
}

struct model *screen_model_pages(void)
{
    return pages_of(false);
}

struct model *screen_model_shadow(void)
{
    return pages_of(true);
}

struct model *screen_model_ept(void)
{
    struct command look = {.kind = COMMAND_LOOK_EPT};

    shadow_paging = false;
    look.ept = (struct ept_question){.on = true, .place = {.physical = true, .offset = 0x5010}};
    return after_step(&look);
}

struct model *screen_model_heat(void)
{
    struct command look = {.kind = COMMAND_LOOK_HEAT};

    shadow_paging = false;
    return after_step(&look);
}
