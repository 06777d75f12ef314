/* The model's own parts: the ring of exits and the tail of the guest's text. See model.h. */
#include "tui/model.h"

#include <string.h>

void exit_ring_reset(struct exit_ring *ring, uint64_t epoch)
{
    ring->begin = ring->end = ring->cuts = 0;
    ring->epoch = epoch;
}

void exit_ring_add(struct exit_ring *ring, const struct vm_exit *exit)
{
    if (ring->begin == ring->end)
        ring->begin = exit->seq;
    ring->slots[exit->seq % EXIT_RING] = *exit;
    ring->end = exit->seq + 1;
    if (ring->end - ring->begin > EXIT_RING)
        ring->begin = ring->end - EXIT_RING;
}

void exit_ring_cut(struct exit_ring *ring, uint64_t end)
{
    if (end >= ring->end)
        return;
    ring->cuts++;
    ring->end = end;
    if (ring->begin > end)
        ring->begin = end;
}

void exit_ring_empty(struct exit_ring *ring)
{
    ring->cuts++;
    ring->begin = ring->end = 0;
}

const struct vm_exit *exit_ring_get(const struct exit_ring *ring, uint64_t seq)
{
    if (seq < ring->begin || seq >= ring->end)
        return NULL;
    return &ring->slots[seq % EXIT_RING];
}

void exit_ring_catch_up(struct exit_ring *to, const struct exit_ring *from)
{
    uint64_t seq = from->begin;

    if (to->epoch == from->epoch && to->cuts == from->cuts && to->end > seq && to->end <= from->end)
        seq = to->end;
    for (; seq < from->end; seq++)
        to->slots[seq % EXIT_RING] = from->slots[seq % EXIT_RING];
    to->begin = from->begin;
    to->end = from->end;
    to->epoch = from->epoch;
    to->cuts = from->cuts;
}

void text_tail_add(struct text_tail *tail, enum text_source source, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        tail->bytes[tail->total % TEXT_TAIL] = text[i];
        tail->sources[tail->total++ % TEXT_TAIL] = (uint8_t)source;
    }
    tail->by_source[source == TEXT_SERIAL] += size;
}

void model_init(struct model *model, const struct lab_info *labs, unsigned lab_count)
{
    memset(model, 0, sizeof(*model));
    model->labs = labs;
    model->lab_count = lab_count;
    model->lab = -1;
    model->backend = "emu";
    x86_state_reset(&model->now);
}

const struct lab_info *model_lab(const struct model *model)
{
    if (model->lab < 0 || (unsigned)model->lab >= model->lab_count)
        return NULL;
    return &model->labs[model->lab];
}

enum x86_mode model_mode(const struct model *model)
{
    return (enum x86_mode)x86_mode_of(&model->now);
}

unsigned model_digits(const struct model *model)
{
    return model_mode(model) == X86_MODE_LONG64 ? 16 : 8;
}

const char *mode_name(unsigned mode)
{
    static const char *const names[] = {[X86_MODE_REAL] = "real",
                                        [X86_MODE_V86] = "virtual-8086",
                                        [X86_MODE_PROT16] = "protected 16-bit",
                                        [X86_MODE_PROT32] = "protected 32-bit",
                                        [X86_MODE_LONG64] = "long 64-bit"};

    return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown mode";
}
