/* Not more frames than the terminal can show, see pace.h. */
#include "tui/pace.h"

static bool has_given_up(const struct pace *pace, uint64_t now)
{
    return !pace->answers && pace->first_ns && now - pace->first_ns >= PACE_PATIENCE_NS;
}

bool pace_ask(struct pace *pace, uint64_t now)
{
    if (!pace->can_ask || has_given_up(pace, now))
        return false;
    if (!pace->first_ns)
        pace->first_ns = now;
    pace->last_ns = now;
    pace->open++;
    return true;
}

void pace_answer(struct pace *pace)
{
    pace->answers = true;
    if (pace->open > 0)
        pace->open--;
}

uint64_t pace_wait(const struct pace *pace, bool urgent, uint64_t now)
{
    uint64_t patience = PACE_LOST_NS;

    if (pace->open == 0 || has_given_up(pace, now))
        return 0;
    if (!pace->answers)
        patience = urgent ? 0 : PACE_UNSURE_NS;
    return now - pace->last_ns >= patience ? 0 : patience - (now - pace->last_ns);
}

bool pace_ready(const struct pace *pace, bool urgent, uint64_t now)
{
    return pace_wait(pace, urgent, now) == 0;
}
