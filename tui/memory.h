/*
 * Guest memory as the screen shows it: places in it, and the window of it that a model holds.
 *
 * - A place is linear or guest-physical: a number, or a register and an offset, which moves with the
 *   register. Linear places add the base of the segment that the CPU would use: SS for RSP and RBP,
 *   CS for RIP, DS for the others, none but FS and GS in 64-bit mode (SDM vol. 1, 3.3 and 3.4).
 *   Registers have the size of the code: 16 bits of SI in 16-bit code; of SP as SS says.
 * - A window is a copy. Of each page in it is known whether it could be read, and why not.
 */
#ifndef VLAB_TUI_MEMORY_H
#define VLAB_TUI_MEMORY_H

#include "util/error.h"
#include "x86/regs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a place counts from, in the order in which the screen lists them. */
enum memory_base {
    MEMORY_NUMBER, /* 0 */
    MEMORY_RIP,
    MEMORY_RSP,
    MEMORY_RBP,
    MEMORY_RSI,
    MEMORY_RDI,
    MEMORY_RAX,
    MEMORY_RBX,
    MEMORY_RCX,
    MEMORY_RDX,
    MEMORY_R8,
    MEMORY_R15 = MEMORY_R8 + 7,
    MEMORY_GDTR,
    MEMORY_IDTR,
    MEMORY_LDTR,
    MEMORY_TR,
    MEMORY_CR3, /* guest-physical */
    MEMORY_CR2,
    MEMORY_CS,
    MEMORY_SS,
    MEMORY_DS,
    MEMORY_ES,
    MEMORY_FS,
    MEMORY_GS,
    MEMORY_BASES
};

struct memory_place {
    bool physical;
    bool has_seg; /* `seg`, an enum x86_seg, in place of the register's own segment */
    uint8_t seg;
    uint8_t base; /* enum memory_base */
    uint64_t offset;
};

bool memory_place_equal(const struct memory_place *a, const struct memory_place *b);
uint64_t memory_place_address(const struct memory_place *place, const struct x86_state *state);
/* The same place moved to an address, which it reaches from the same base. */
void memory_place_move(struct memory_place *place, const struct x86_state *state, uint64_t address);

/*
 * "7c00", "rsp+10", "es:di", "f000:fff0", "gdtr", "cr3", "phys 1000"; numbers are hexadecimal.
 * -EINVAL when the text is none; `err` says what is.
 */
int memory_place_parse(struct memory_place *place, const char *text, struct error *err);

#define MEMORY_PLACE_MAX 40
/* "RSP+10", "ES:DI"; "" for a number. Names have the size of the state's code. Returns buf. */
const char *memory_place_text(const struct memory_place *place, const struct x86_state *state,
                              char buf[MEMORY_PLACE_MAX]);

/* Whether the state has that base: R8 to R15 are there in 64-bit mode only. */
bool memory_base_exists(enum memory_base base, const struct x86_state *state);
/* What it is, for the list: "stack pointer". */
const char *memory_base_role(enum memory_base base);

/* A window has at least 3.5 KiB on either side of its place, as far as there is so much. */
enum { MEMORY_WINDOW = 8192, MEMORY_PAGES = 3 };

enum memory_status {
    MEMORY_THERE,
    MEMORY_UNMAPPED, /* the page walk ends without an address */
    MEMORY_NOTHING,  /* neither RAM nor ROM is behind the guest-physical address */
    MEMORY_BEYOND    /* there is no such address: they have 32 bits here */
};

/* A page of 4 KiB. */
struct memory_page {
    enum memory_status status;
    uint64_t gpa;       /* of its first byte; not for UNMAPPED and BEYOND */
    unsigned ept;       /* EPT_ bits */
    bool rom;           /* else RAM */
    uint8_t rights;     /* of the guest's tables, X86_RIGHT_ bits; linear windows only */
    uint64_t page_size; /* as the guest's tables map it, 0: paging is off; linear windows only */
    const char *rule;   /* what decided the walk, static; linear windows only */
};

struct memory_window {
    bool on; /* a window was asked for, and there is a machine */
    bool physical;
    uint64_t start; /* of the window; start + MEMORY_WINDOW - 1 does not overflow */
    struct memory_page pages[MEMORY_PAGES]; /* from the one that holds `start` on */
    uint8_t bytes[MEMORY_WINDOW];
};

/* Where the window of an address starts. */
uint64_t memory_window_start(uint64_t address);
/* The page that holds an address; NULL outside of the window, or when it is off. */
const struct memory_page *memory_window_page(const struct memory_window *window, uint64_t address);
/* Copies what the window has from an address on without a gap; returns how many bytes. */
size_t memory_window_read(const struct memory_window *window, uint64_t address, uint8_t *bytes,
                          size_t size);
/* Both windows have the byte, at the same address, and it differs. */
bool memory_changed(const struct memory_window *now, const struct memory_window *before,
                    uint64_t address);

/* What find looks for. */
enum { MEMORY_PATTERN = 120 };

/*
 * "0f a2": bytes, when all of it is pairs of hexadecimal digits with blanks between; else, and
 * between quotation marks, the text itself. Returns how many bytes; 0: nothing to look for.
 */
size_t memory_pattern(const char *text, uint8_t bytes[MEMORY_PATTERN]);

/* The answer to COMMAND_FIND. */
struct memory_found {
    uint64_t id; /* grows with each answer */
    bool hit, physical;
    uint64_t address;
};

#endif
