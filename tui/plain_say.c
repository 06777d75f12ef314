/* The machine in sentences, see plain_say.h. Panes as text are in plain_pane.c. */
#include "tui/plain_say.h"
#include "core/explain.h"
#include "tui/plain_line.h"
#include "tui/registers.h"
#include "tui/text.h"

#include <string.h>

enum { PLACE_MAX = 32 };

struct plain_moment plain_moment(const struct model *model)
{
    return (struct plain_moment){.epoch = model->ring.epoch,
                                 .exits = model->exits,
                                 .insns = model->insns,
                                 .text = model->text.total};
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static const char *place(char buf[PLACE_MAX], unsigned mode, uint16_t selector, uint64_t rip)
{
    if (mode == X86_MODE_REAL || mode == X86_MODE_V86)
        snprintf(buf, PLACE_MAX, "%04x:%04llx", selector, (unsigned long long)rip);
    else
        snprintf(buf, PLACE_MAX, "%llx", (unsigned long long)rip);
    return buf;
}

/* "Exit 3, CPUID, at 0000:7c05: leaf 0x1." */
static void say_exit(FILE *out, const char *before, const struct vm_exit *exit)
{
    char at[PLACE_MAX], meaning[80];

    exit_meaning(exit, meaning, sizeof(meaning));
    fprintf(out, "%s %llu, %s, at %s", before, (unsigned long long)exit->seq,
            exit_reason_name(exit->reason), place(at, exit->mode, exit->selector, exit->rip));
    fprintf(out, meaning[0] ? ": %s." : ".", meaning);
}

static void say_next(FILE *out, const struct model *model, bool with_place)
{
    const struct code_line *line = &model->code[model->code_at];
    char at[PLACE_MAX];

    if (model->run != RUN_PAUSED)
        return;
    place(at, model_mode(model), model->now.seg[X86_CS].selector, model->now.rip);
    if (model->code_at >= model->code_count) {
        fprintf(out, " Next: %s, where no memory can be read.", at);
        return;
    }
    if (with_place)
        fprintf(out, " Next: %s, %s.", at, line->text);
    else
        fprintf(out, " Next: %s.", line->text);
    if (line->leaks)
        fprintf(out, " It does not trap outside of ring 0.");
}

static void say_counts(FILE *out, const struct model *model)
{
    char exits[NUMBER_MAX], insns[NUMBER_MAX];

    fprintf(out, " %s exit%s, %s instruction%s.", text_grouped(model->exits, exits),
            plural(model->exits), text_grouped(model->insns, insns), plural(model->insns));
}

void plain_say_where(FILE *out, const struct model *model)
{
    static const char *const states[] = {[RUN_NONE] = "no machine",
                                         [RUN_OPENING] = "being opened",
                                         [RUN_PAUSED] = "paused",
                                         [RUN_RUNNING] = "running",
                                         [RUN_ENDED] = "ended"};
    const struct lab_info *lab = model_lab(model);

    if (!lab) {
        fputs("No lab is open: labs lists them, open opens one.\n", out);
        return;
    }
    fprintf(out, "Lab %s, %s: %s, %s mode, CPL %u.", lab->id, lab->name, states[model->run],
            mode_name(model_mode(model)), x86_cpl(&model->now));
    say_counts(out, model);
    say_next(out, model, true);
    fputc('\n', out);
}

bool plain_repeats(const struct model *model, const char *message)
{
    const struct vm_exit *exit = exit_ring_get(&model->ring, model->ring.end - 1);
    char text[MESSAGE_MAX];

    if (!exit)
        return false;
    snprintf(text, sizeof(text), "exit %llu: %s", (unsigned long long)exit->seq,
             exit_reason_name(exit->reason));
    return strcmp(text, message) == 0;
}

static bool went_back(const struct model *model, const struct plain_moment *since)
{
    return model->exits < since->exits || model->insns < since->insns;
}

static void say_done(FILE *out, const struct model *model, const struct plain_moment *since)
{
    const struct vm_exit *exit = exit_ring_get(&model->ring, model->ring.end - 1);
    uint64_t exits = model->exits - since->exits, insns = model->insns - since->insns;
    char number[NUMBER_MAX];

    if (went_back(model, since)) {
        fprintf(out, "Back to exit %s,", text_grouped(model->exits, number));
        fprintf(out, " instruction %s.", text_grouped(model->insns, number));
        return;
    }
    if (exits == 1 && exit) {
        say_exit(out, "Exit", exit);
    } else if (exits > 1 && exit) {
        fprintf(out, "%s exits.", text_grouped(exits, number));
        say_exit(out, " The last: exit", exit);
    } else if (insns) {
        fprintf(out, "%s instruction%s.", text_grouped(insns, number), plural(insns));
    }
}

static void say_sentence(FILE *out, const char *before, const char *text)
{
    char first = text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0];

    if (first)
        fprintf(out, "%s%c%s.", before, first, text + 1);
}

void plain_say_message(FILE *out, const char *message)
{
    say_sentence(out, "", message);
    if (message[0])
        fputc('\n', out);
}

void plain_say_move(FILE *out, const struct model *model, const struct plain_moment *since,
                    const char *message)
{
    bool same_machine = model->ring.epoch == since->epoch;

    if (!same_machine) {
        plain_say_message(out, message);
        plain_say_text(out, &model->text, 0);
        plain_say_where(out, model);
        return;
    }
    say_done(out, model, since);
    say_sentence(out, " ", message);
    say_next(out, model, false);
    fputc('\n', out);
    if (!went_back(model, since))
        plain_say_text(out, &model->text, since->text);
}

/* ---- registers ------------------------------------------------------------------------------- */

/* ": PE set, TS cleared" */
static void say_bits(FILE *out, const struct reg *reg)
{
    uint64_t differ = reg->now ^ reg->before;
    const char *separator = ": ";

    for (const struct bit_name *bit = reg->bits; bit && bit->name; bit++)
        if (differ & bit->bit) {
            fprintf(out, "%s%s %s", separator, bit->name, reg->now & bit->bit ? "set" : "cleared");
            separator = ", ";
        }
}

void plain_say_changes(FILE *out, const struct model *model)
{
    unsigned count = 0;
    struct regs regs;

    if (!model->has_before) {
        fputs("Nothing has run yet.\n", out);
        return;
    }
    regs_collect(&regs, model);
    for (unsigned i = 0; i < regs.count; i++) {
        const struct reg *reg = &regs.list[i];

        if (!regs_changed(&regs, reg))
            continue;
        fprintf(out, "%s was %llx, now %llx",
                reg == regs_system(&regs, REG_FL) ? "Flags" : reg->name,
                (unsigned long long)reg->before, (unsigned long long)reg->now);
        say_bits(out, reg);
        fputs(".\n", out);
        count++;
    }
    if (count == 0)
        fputs("No register has changed.\n", out);
}

/* ---- exits ----------------------------------------------------------------------------------- */

void plain_say_exits(FILE *out, const struct model *model, const struct ui *ui, unsigned count)
{
    const struct vm_exit *last = exit_list_last(&model->ring, &ui->filter), *exit;

    if (!last || count == 0) {
        fputs(ui->filter.on ? "No such exit is kept; filter alone lists all of them.\n"
                            : "No exit has happened yet.\n",
              out);
        return;
    }
    exit = exit_list_move(&model->ring, &ui->filter, last->seq, 1 - (int64_t)count);
    for (;;) {
        say_exit(out, "Exit", exit);
        fputc('\n', out);
        if (exit == last)
            return;
        exit = exit_list_move(&model->ring, &ui->filter, exit->seq, 1);
    }
}

void plain_say_why(FILE *out, const struct model *model, const struct ui *ui, bool fields)
{
    const struct vm_exit *exit = ui_exit(ui, model);
    char text[512];
    unsigned count = 0;

    if (!exit) {
        fputs("Nothing has made the CPU leave the guest so far.\n", out);
        return;
    }
    say_exit(out, "Exit", exit);
    fputc('\n', out);
    for (; fields && exit_field_line(exit, count, text, sizeof(text)); count++)
        fprintf(out, "%s\n", text);
    if (fields && count == 0)
        fputs("This reason has no exit qualification.\n", out);
    exit_why(exit, text, sizeof(text));
    fprintf(out, "%s\n%s\n", text, exit_manual(exit->reason));
}

/* The reason that comes next by count, behind one of `count` and number `reason`; or none. */
static unsigned next_reason(const struct model *model, uint64_t count, unsigned reason)
{
    unsigned best = EXIT_REASON_COUNT;

    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++) {
        uint64_t n = model->counts[i];

        if (n > 0 && (n < count || (n == count && i > reason)) &&
            (best == EXIT_REASON_COUNT || n > model->counts[best]))
            best = i;
    }
    return best;
}

void plain_say_profile(FILE *out, const struct model *model)
{
    unsigned reason = next_reason(model, UINT64_MAX, 0);
    char number[NUMBER_MAX];

    fprintf(out, "%s exit%s.\n", text_grouped(model->exits, number), plural(model->exits));
    for (; reason < EXIT_REASON_COUNT; reason = next_reason(model, model->counts[reason], reason)) {
        unsigned percent =
            (unsigned)((double)model->counts[reason] * 100 / (double)model->exits + 0.5);

        fprintf(out, "%s: %s, %u percent.\n", exit_reason_name(reason),
                text_grouped(model->counts[reason], number), percent);
    }
}

/* ---- the guest's text ------------------------------------------------------------------------ */

void plain_say_text(FILE *out, const struct text_tail *text, uint64_t from)
{
    uint64_t n = text->total > TEXT_TAIL ? text->total - TEXT_TAIL : 0;
    bool in_line = false;

    if (from < n)
        fprintf(out, "Guest: (%llu bytes before are not kept)\n", (unsigned long long)(n - from));
    for (n = from > n ? from : n; n < text->total; n++) {
        unsigned char ch = (unsigned char)text->bytes[n % TEXT_TAIL];

        if (ch == '\r')
            continue;
        if (!in_line)
            fputs("Guest: ", out);
        in_line = ch != '\n';
        fputc(ch == '\n' || (ch >= 0x20 && ch < 0x7f) ? ch : '.', out);
    }
    if (in_line)
        fputc('\n', out);
}

void plain_say_help(FILE *out)
{
    fputs(
        "A command a line, or the beginning of its name; an empty line repeats the last one that\n"
        "ran the guest. Ctrl-C stops the guest where it runs, else vlab.\n",
        out);
    for (unsigned i = 0; i < PLAIN_COUNT; i++) {
        const struct plain_word_info *word = plain_word((enum plain_word)i);

        fprintf(out, "%s%s%s: %s\n", word->name, word->argument[0] ? " " : "", word->argument,
                word->text);
    }
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        const struct action *action = action_get((enum action_id)i);
        const char *keys = action->keys;

        if (plain_has_action((enum action_id)i))
            fprintf(out, "%s%s%s%s%s: %s\n", action->name, action->asks[0] ? " ..." : "",
                    keys[0] ? " (" : "", keys, keys[0] ? ")" : "", action->text);
    }
}
