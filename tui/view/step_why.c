/* Why the selected exit happened, its fields as recorded, and what the guest printed. */
#include "core/explain.h"
#include "tui/view/step.h"
#include "tui/widget/console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fields_head(const struct vm_exit *exit, const struct area *area, int row)
{
    if (exit->has & EXIT_HAS_QUALIFICATION)
        area_printf(area, row, 0, ROLE_LABEL, "Exit qualification %llx, field by field:",
                    (unsigned long long)exit->qualification);
    else
        area_text(area, row, 0, ROLE_LABEL, "Field by field:");
}

static int fields_draw(const struct vm_exit *exit, const struct area *area, int row)
{
    char line[256];
    unsigned count = 0;

    while (exit_field_line(exit, count, line, sizeof(line))) {
        if (count == 0)
            fields_head(exit, area, row++);
        area_text(area, row++, 2, ROLE_NUMBER, line);
        count++;
    }
    if (count == 0)
        area_text(area, row++, 0, ROLE_DIM, "This reason has no exit qualification.");
    return row;
}

/* Rows above the area are clipped: drawing from a negative row on is scrolling. */
int step_why(const struct vm_exit *exit, bool explain, const struct area *area, int scroll)
{
    struct area text = area_part(area, 0, 1, area->rows, area->cols - 2);
    char why[512];
    int row = -scroll;

    if (!exit) {
        area_text(area, 0, 1, ROLE_DIM, "Nothing has made the CPU leave the guest so far.");
        return 1;
    }
    exit_why(exit, why, sizeof(why));
    if (explain)
        row = fields_draw(exit, &text, row);
    row += area_wrap(&text, row, 0, ROLE_NORMAL, why);
    area_text(&text, row++, 0, ROLE_DIM, exit_manual(exit->reason));
    return row + scroll;
}

/* A field by name; what is not meaningful for this exit says so. */
static void field(const struct area *area, int *row, const char *name, bool known, const char *fmt,
                  ...) __attribute__((format(printf, 5, 6)));

static void field(const struct area *area, int *row, const char *name, bool known, const char *fmt,
                  ...)
{
    char text[128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    area_text(area, *row, 1, ROLE_LABEL, name);
    area_text(area, *row, 18, known ? ROLE_NUMBER : ROLE_DIM, known ? text : "n/a");
    (*row)++;
}

static void bytes_text(const struct vm_exit *exit, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < exit->insn_len && i < sizeof(exit->insn) && used + 4 < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%02x ", exit->insn[i]);
}

static void event_fields(const struct vm_exit *exit, const struct area *area, int *row)
{
    bool intr = exit->has & EXIT_HAS_INTR, vectoring = exit->has & EXIT_HAS_VECTORING;

    field(area, row, "interruption", intr, "%08x", exit->intr_info);
    field(area, row, "error code", intr && (exit->intr_info & INTR_HAS_ERROR), "%x",
          exit->intr_error);
    field(area, row, "IDT vectoring", vectoring, "%08x", exit->idt_vectoring);
}

int step_fields(const struct vm_exit *exit, const struct area *area, int scroll)
{
    char bytes[64];
    int row = -scroll;

    if (!exit)
        return 0;
    bytes_text(exit, bytes, sizeof(bytes));
    field(area, &row, "reason", true, "%u %s", exit->reason, exit_reason_text(exit->reason));
    field(area, &row, "qualification", exit->has & EXIT_HAS_QUALIFICATION, "%llx",
          (unsigned long long)exit->qualification);
    field(area, &row, "guest linear", exit->has & EXIT_HAS_GVA, "%llx",
          (unsigned long long)exit->guest_linear);
    field(area, &row, "guest physical", exit->has & EXIT_HAS_GPA, "%llx",
          (unsigned long long)exit->guest_physical);
    field(area, &row, "insn length", exit->has & EXIT_HAS_INSN, "%u", exit->insn_len);
    field(area, &row, "insn bytes", exit->has & EXIT_HAS_INSN, "%s", bytes);
    field(area, &row, "insn info", exit->has & EXIT_HAS_INSN_INFO, "%08x", exit->insn_info);
    event_fields(exit, area, &row);
    field(area, &row, "CS:RIP", true, "%04x:%llx", exit->selector, (unsigned long long)exit->rip);
    field(area, &row, "CS base", true, "%llx", (unsigned long long)exit->cs_base);
    field(area, &row, "mode", true, "%s, CPL %u", mode_name(exit->mode), exit->cpl);
    field(area, &row, "instructions", exit_counts_insns(exit), "%llu before it",
          (unsigned long long)exit->insns);
    field(area, &row, "native code", true, "%x", exit->native);
    field(area, &row, "source", true, "%s",
          exit->source == EXIT_SOURCE_KVM ? "kvm" : "emulated (exact)");
    return row + scroll;
}

int step_output(const struct text_tail *text, const struct area *area, int scroll)
{
    return console_draw(text, CONSOLE_ALL, area, scroll, false);
}
