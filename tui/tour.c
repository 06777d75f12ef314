/* The tour, see tour.h. */
#include "tui/tour.h"

struct tour_step {
    enum action_id action;
    const char *text;
};

static const struct tour_step steps[] = {
#define TOUR(action, text) {ACTION_##action, text},
#include "tui/tour.def"
#undef TOUR
};

unsigned tour_steps(void)
{
    return sizeof(steps) / sizeof(steps[0]);
}

enum action_id tour_action(unsigned step)
{
    return step >= 1 && step <= tour_steps() ? steps[step - 1].action : ACTION_COUNT;
}

void tour_done(struct ui *ui, enum action_id id)
{
    if (ui->tour == 0 || tour_action(ui->tour) != id)
        return;
    ui->tour = ui->tour < tour_steps() ? ui->tour + 1 : 0;
    if (ui->tour == 0)
        ui_message(ui, false, "that was the tour; :tour shows it again");
}

void tour_draw(const struct ui *ui, const struct area *line)
{
    int col = area_printf(line, 0, 1, ROLE_KEY, "Tour %u/%u", ui->tour, tour_steps());

    area_text(line, 0, col + 2, ROLE_MESSAGE, steps[ui->tour - 1].text);
}
