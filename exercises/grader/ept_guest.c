/* Guests for exercise 07, see ept_guest.h. */
#include "exercises/grader/ept_guest.h"

#include "util/bytes.h"

#include <string.h>

enum { OPERATIONS = 150, DATA = EPT_CODE_PAGES * 4096, OUTSIDE = 0x200000 };

struct writer {
    struct ept_guest *guest;
    uint8_t *at;
    uint8_t *bad; /* the end that says that something is wrong */
    unsigned part;
};

static void put(struct writer *w, const uint8_t *bytes, unsigned size)
{
    memcpy(w->at, bytes, size);
    w->at += size;
}

static void put32(struct writer *w, uint32_t value)
{
    put_le32(w->at, value);
    w->at += 4;
}

/* mov eax, [address]; cmp eax, value; jne bad */
static void put_check(struct writer *w, uint32_t address, uint32_t value)
{
    put(w, (const uint8_t[]){0xa1}, 1);
    put32(w, address);
    put(w, (const uint8_t[]){0x3d}, 1);
    put32(w, value);
    put(w, (const uint8_t[]){0x0f, 0x85}, 2);
    put32(w, (uint32_t)(w->bad - (w->at + 4)));
}

/* mov dword [address], value */
static void put_store(struct writer *w, uint32_t address, uint32_t value)
{
    put(w, (const uint8_t[]){0xc7, 0x05}, 2);
    put32(w, address);
    put32(w, value);
}

/* mov al, value; out 0f4h, al */
static void put_end(struct writer *w, uint8_t value)
{
    put(w, (const uint8_t[]){0xb0, value, 0xe6, 0xf4}, 4);
}

static void check_word(struct writer *w, uint32_t word)
{
    w->guest->touched[word / 1024] = true;
    put_check(w, word * 4, w->guest->memory[w->part][word]);
}

static void store_word(struct writer *w, uint32_t word, uint32_t value)
{
    w->guest->touched[word / 1024] = true;
    w->guest->written[w->part][word / 1024] = true;
    w->guest->memory[w->part][word] = value;
    put_store(w, word * 4, value);
}

static uint32_t image_word(struct grader_random *r)
{
    return DATA / 4 + (uint32_t)random_below(r, DATA / 4);
}

/* The first, the last or any page of RAM; few words of each, so that some are met again. */
static uint32_t ram_word(struct grader_random *r, const struct ept_plan *plan)
{
    uint32_t page = EPT_IMAGE_PAGES + (uint32_t)random_below(r, plan->pages);

    if (random_below(r, 20) == 0)
        page = EPT_RAM_PAGES - 1;
    return page * 1024 + (uint32_t)random_below(r, 2) * 1023;
}

static void operation(struct writer *w, const struct ept_plan *plan, struct grader_random *r)
{
    unsigned what = (unsigned)random_below(r, 100);
    uint32_t value = (uint32_t)random_next(r);

    if (what < plan->write_image) {
        store_word(w, image_word(r), value);
    } else if ((what -= plan->write_image) < plan->write_ram) {
        store_word(w, ram_word(r, plan), value);
    } else if ((what -= plan->write_ram) < plan->read_ram) {
        check_word(w, ram_word(r, plan));
    } else if ((what -= plan->read_ram) < plan->outside) {
        uint32_t address = OUTSIDE + ((uint32_t)random_below(r, 64) << 12);

        if (value & 1)
            put_store(w, address, value);
        put_check(w, address, ~0u);
    } else {
        check_word(w, image_word(r));
    }
}

static void make_part(struct ept_guest *guest, unsigned part, const struct ept_plan *plan,
                      struct grader_random *r)
{
    uint8_t *start = guest->image + part * EPT_PART_OFFSET;
    struct writer w = {.guest = guest, .at = start + EPT_PART_OFFSET - 4, .part = part};

    w.bad = w.at;
    put_end(&w, 1);
    w.at = start;
    for (unsigned i = 0; i < OPERATIONS; i++)
        operation(&w, plan, r);
    put_end(&w, 0);
    guest->touched[part * EPT_PART_OFFSET / 4096] = true;
    guest->touched[(w.at - 1 - guest->image) / 4096] = true;
}

static void make_data(struct ept_guest *guest, struct grader_random *random)
{
    for (uint32_t word = DATA / 4; word < 2 * DATA / 4; word++) {
        guest->memory[0][word] = (uint32_t)random_next(random);
        put_le32(guest->image + word * 4, guest->memory[0][word]);
    }
    memcpy(guest->memory[1], guest->memory[0], sizeof(guest->memory[0]));
}

void ept_guest_make(struct ept_guest *guest, const struct ept_plan *plan,
                    struct grader_random *random)
{
    memset(guest, 0, sizeof(*guest));
    make_data(guest, random);
    for (unsigned part = 0; part < EPT_PARTS; part++) {
        if (part > 0 && !plan->separate)
            memcpy(guest->memory[part], guest->memory[part - 1], sizeof(guest->memory[part]));
        make_part(guest, part, plan, random);
    }
    for (unsigned part = 0; part < EPT_PARTS; part++)
        for (uint32_t word = 0; word < DATA / 4; word++)
            guest->memory[part][word] = get_le32(guest->image + word * 4);
}
