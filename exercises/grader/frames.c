/* Frames that a student's program has taken, see frames.h. */
#include "exercises/grader/frames.h"

struct frame *frames_find(struct frames *f, uint64_t hpa)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->frames[i].hpa == (hpa & PAGE_MASK))
            return &f->frames[i];
    return NULL;
}

bool frames_take(struct frames *f, uint64_t *hpa)
{
    *hpa = 0;
    if (f->count == FRAMES_MAX || host_frame_take(f->host, hpa))
        return false;
    f->frames[f->count++] = (struct frame){.hpa = *hpa, .references = 1};
    return true;
}

bool frames_hold(struct frames *f, uint64_t hpa)
{
    struct frame *frame = frames_find(f, hpa);

    if (!frame)
        return false;
    frame->references++;
    host_frame_hold(f->host, hpa & PAGE_MASK);
    return true;
}

bool frames_drop(struct frames *f, uint64_t hpa)
{
    struct frame *frame = frames_find(f, hpa);

    if (!frame)
        return false;
    if (--frame->references == 0)
        *frame = f->frames[--f->count];
    host_frame_drop(f->host, hpa & PAGE_MASK);
    return true;
}

static bool is_entry(uint64_t hpa, unsigned size)
{
    return size == 8 && hpa % 8 == 0;
}

bool frames_read(struct frames *f, uint64_t hpa, unsigned size, uint64_t *value)
{
    if (!is_entry(hpa, size) || !frames_find(f, hpa))
        return false;
    *value = host_read64(f->host, hpa);
    return true;
}

bool frames_write(struct frames *f, uint64_t hpa, unsigned size, uint64_t value)
{
    if (!is_entry(hpa, size) || !frames_find(f, hpa))
        return false;
    host_write64(f->host, hpa, value);
    return true;
}
