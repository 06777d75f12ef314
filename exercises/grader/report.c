/* Writing a grade, see report.h. TAP is the Test Anything Protocol, version 13. */
#include "exercises/grader/report.h"

#include <inttypes.h>
#include <string.h>

/* "        wanted  ..." for each text that is there. */
static void write_details(const struct check_result *r, const char *indent, FILE *out)
{
    const struct {
        const char *label, *text;
    } lines[] = {{"wanted", r->wanted},
                 {"came", r->came},
                 {"first difference", r->difference},
                 {"place", r->place},
                 {"to see it", r->command}};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i].text[0])
            fprintf(out, "%s%s: %s\n", indent, lines[i].label, lines[i].text);
    }
}

static void write_text(const struct grade *grade, FILE *out)
{
    const struct exercise *exercise = grade->exercise;

    fprintf(out, "%s  %s\nfile %s\nseed 0x%" PRIx64 "\n\n", exercise->folder, exercise->title,
            grade->file, grade->seed);
    for (unsigned i = 0; i < exercise->check_count; i++) {
        const struct check_result *r = &grade->results[i];

        fprintf(out, "%-8s%-10s", check_verdict_name(r->verdict), r->check->id);
        if (r->check->points)
            fprintf(out, "%3u/%-3u %s\n", r->earned, r->check->points, r->check->text);
        else
            fprintf(out, "  -     %s\n", r->check->text);
        if (r->verdict != VERDICT_SKIP && r->verdict != VERDICT_PASS)
            write_details(r, "          ", out);
    }
    fprintf(out, "\n%u of %u points\n", grade->earned, grade->points);
    if (grade_is_infra(grade))
        fprintf(out,
                "This host could not judge it all; the result does not count. Run it again.\n");
    else if (!grade_is_passed(grade))
        fprintf(out, "The task and a first hint: %s\n", exercise->sheet);
}

static void write_tap(const struct grade *grade, FILE *out)
{
    const struct exercise *exercise = grade->exercise;

    fprintf(out, "TAP version 13\n1..%u\n", exercise->check_count);
    for (unsigned i = 0; i < exercise->check_count; i++) {
        const struct check_result *r = &grade->results[i];
        bool skip = r->verdict == VERDICT_SKIP || r->verdict == VERDICT_INFRA;

        fprintf(out, "%s %u - %s", r->verdict == VERDICT_PASS || skip ? "ok" : "not ok", i + 1,
                r->check->id);
        if (skip)
            fprintf(out, " # SKIP %s", r->came);
        fputc('\n', out);
        if (!skip && r->verdict != VERDICT_PASS) {
            fprintf(out, "# verdict: %s\n", check_verdict_name(r->verdict));
            write_details(r, "# ", out);
        }
    }
}

static json_t *check_json(const struct check_result *r)
{
    json_t *check =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "id", r->check->id, "text", r->check->text,
                  "parent", r->check->parent, "verdict", check_verdict_name(r->verdict), "earned",
                  (json_int_t)r->earned, "points", (json_int_t)r->check->points);
    const struct {
        const char *name, *text;
    } members[] = {{"wanted", r->wanted},
                   {"came", r->came},
                   {"difference", r->difference},
                   {"place", r->place},
                   {"command", r->command}};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].text[0])
            json_object_set_new(check, members[i].name, json_string(members[i].text));
    }
    return check;
}

json_t *report_json(const struct grade *grade)
{
    json_t *checks = json_array();
    char seed[24];

    for (unsigned i = 0; i < grade->exercise->check_count; i++)
        json_array_append_new(checks, check_json(&grade->results[i]));
    snprintf(seed, sizeof(seed), "0x%" PRIx64, grade->seed); /* 64 bits do not fit a JSON number */
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:o}", "exercise",
                     grade->exercise->folder, "file", grade->file, "seed", seed, "isolation",
                     grade->isolation, "passed", grade_is_passed(grade), "infra",
                     grade_is_infra(grade), "earned", (json_int_t)grade->earned, "points",
                     (json_int_t)grade->points, "checks", checks);
}

void report_write(const struct grade *grade, enum report_format format, FILE *out)
{
    json_t *root;

    if (format == REPORT_TEXT) {
        write_text(grade, out);
        return;
    }
    if (format == REPORT_TAP) {
        write_tap(grade, out);
        return;
    }
    root = report_json(grade);
    json_dumpf(root, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(root);
}
