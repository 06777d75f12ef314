/*
 * The keys of the memory view, see act_memory.h.
 *
 * The cursor is a place: it keeps its register while it is moved, and moves with it while the guest
 * runs. The engine knows of it by COMMAND_LOOK; until its answer is there the view shows what of the
 * window it has got.
 */
#include "tui/act_memory.h"
#include "tui/view.h"
#include "util/bytes.h"
#include "x86/paging.h"

#include <string.h>

uint64_t memory_cursor(const struct model *model, const struct ui *ui)
{
    return memory_place_address(&ui->memory.place, &model->now);
}

void memory_cursor_move(const struct model *model, struct ui *ui, int64_t bytes)
{
    uint64_t at = memory_cursor(model, ui), to = at + (uint64_t)bytes;

    if (bytes < 0 && to > at)
        to = 0;
    if (bytes > 0 && to < at)
        to = UINT64_MAX;
    memory_place_move(&ui->memory.place, &model->now, to);
}

enum memory_base memory_selected(const struct model *model, const struct ui *ui)
{
    enum memory_base base = (enum memory_base)ui->memory.base;

    return base < MEMORY_BASES && memory_base_exists(base, &model->now) ? base : MEMORY_RIP;
}

void memory_go(struct ui *ui, const struct memory_place *place)
{
    struct memory_cursor *m = &ui->memory;

    if (m->backs == MEMORY_BACK) {
        memmove(m->back, m->back + 1, sizeof(m->back) - sizeof(m->back[0]));
        m->backs--;
    }
    m->back[m->backs++] = m->place;
    m->place = *place;
}

static void go_number(struct ui *ui, bool physical, uint64_t address)
{
    struct memory_place place = {.physical = physical, .offset = address};

    memory_go(ui, &place);
}

static void go_text(struct ui *ui, const char *text)
{
    struct memory_place place;
    struct error err = {0};

    if (memory_place_parse(&place, text, &err) < 0)
        ui_message(ui, true, "%s", err.text);
    else
        memory_go(ui, &place);
}

/* Bytes at the cursor as a number; false, and a message, when they cannot be read. */
static bool value_at(const struct model *model, struct ui *ui, unsigned size, uint64_t *value)
{
    uint8_t bytes[8] = {0};

    if (model->memory.physical != ui->memory.place.physical ||
        memory_window_read(&model->memory, memory_cursor(model, ui), bytes, size) < size) {
        ui_message(ui, true, "no pointer of %u bytes can be read here", size);
        return false;
    }
    *value = get_le64(bytes);
    return true;
}

/* An entry of a page table, SDM vol. 3, 4.3 to 4.5: to the table or the page that it names. */
static void follow_entry(const struct model *model, struct ui *ui)
{
    bool wide = model->now.cr4 & CR4_PAE;
    uint64_t entry;

    if (!value_at(model, ui, wide ? 8 : 4, &entry))
        return;
    if (!(entry & 1))
        ui_message(ui, true, "as an entry of a page table this one is not present: P = 0");
    else
        go_number(ui, true, entry & 0x000000fffffff000);
}

/* A near pointer of the code's size; in 16-bit code it is an offset in DS. */
static void follow_pointer(const struct model *model, struct ui *ui)
{
    unsigned size = x86_mode_bits(model_mode(model)) / 8;
    uint64_t value;

    if (value_at(model, ui, size, &value))
        go_number(ui, false,
                  size == 8 ? value : (value + model->now.seg[X86_DS].base) & UINT32_MAX);
}

static void follow(const struct model *model, struct ui *ui)
{
    struct memory_place place = {.base = (uint8_t)memory_selected(model, ui)};

    place.physical = place.base == MEMORY_CR3;
    if (ui->focus[VIEW_MEMORY] == 3)
        memory_go(ui, &place);
    else if (ui->memory.place.physical && (model->now.cr0 & CR0_PG))
        follow_entry(model, ui);
    else
        follow_pointer(model, ui);
}

/* To linear memory again: where it was left, else the same number. */
static void go_linear(const struct model *model, struct ui *ui)
{
    for (unsigned i = ui->memory.backs; i-- > 0;)
        if (!ui->memory.back[i].physical) {
            struct memory_place place = ui->memory.back[i];

            memory_go(ui, &place);
            return;
        }
    go_number(ui, false, memory_cursor(model, ui));
}

static void go_physical(const struct model *model, struct ui *ui)
{
    uint64_t at = memory_cursor(model, ui);
    const struct memory_page *page = memory_window_page(&model->memory, at);

    if (!page || model->memory.physical)
        ui_message(ui, true, "this memory has not been read yet");
    else if (page->status == MEMORY_UNMAPPED)
        ui_message(ui, true, "no guest-physical address belongs to it: %s", page->rule);
    else if (page->status == MEMORY_BEYOND)
        ui_message(ui, true, "there is no such linear address");
    else
        go_number(ui, true, page->gpa + at % PAGE_SIZE);
}

bool memory_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument)
{
    switch (id) {
    case ACTION_ADDRESS:
        go_text(ui, argument);
        return true;
    case ACTION_FOLLOW:
        follow(model, ui);
        return true;
    case ACTION_RETURN:
        ui->memory.place = ui->memory.back[--ui->memory.backs];
        return true;
    case ACTION_PHYSICAL:
        if (ui->memory.place.physical)
            go_linear(model, ui);
        else
            go_physical(model, ui);
        return true;
    case ACTION_WORD:
    case ACTION_WORD_BACK:
        memory_cursor_move(model, ui, id == ACTION_WORD ? 8 : -8);
        return true;
    default:
        return false;
    }
}

bool memory_has_keys(const struct ui *ui)
{
    enum view_id view = ui_view(ui);

    return (view == VIEW_MEMORY && ui->focus[view] == 1) ||
           (view == VIEW_STEP && ui->focus[view] == 8);
}

void memory_find(const struct model *model, struct ui *ui, int direction, struct command *command)
{
    uint8_t bytes[MEMORY_PATTERN];
    size_t size = memory_pattern(ui->find, bytes);

    if (model->lab < 0) {
        ui_message(ui, true, "no lab is open: l lists them");
        return;
    }
    update_send(ui, command, COMMAND_FIND);
    command->place = ui->memory.place;
    command->backward = direction < 0;
    command->pattern_size = (uint8_t)size;
    memcpy(command->pattern, bytes, size);
}

void memory_answer(const struct model *model, struct ui *ui)
{
    const struct memory_found *found = &model->found;

    if (found->id == ui->memory.found)
        return;
    ui->memory.found = found->id;
    if (found->hit)
        go_number(ui, found->physical, found->address);
}

/* In its own view, and in the step view where there is room for its pane. */
static bool is_shown(const struct ui *ui)
{
    struct pane panes[PANES_MAX];
    unsigned count;

    if (ui_view(ui) == VIEW_MEMORY)
        return true;
    if (ui_view(ui) != VIEW_STEP)
        return false;
    count = view_panes(ui, panes);
    while (count > 0 && panes[count - 1].number != 8)
        count--;
    return count > 0;
}

void memory_ask(const struct model *model, struct ui *ui, struct command *command)
{
    struct memory_cursor *m = &ui->memory;

    if (!is_shown(ui) || model->lab < 0)
        return;
    if (model->memory.on && memory_place_equal(&model->memory_place, &m->place))
        return;
    if (m->has_asked && memory_place_equal(&m->asked, &m->place) && ui->sent > model->done)
        return;
    update_send(ui, command, COMMAND_LOOK);
    command->place = m->asked = m->place;
    m->has_asked = true;
}
