/* Writers: what comes out of them is the grid that went in. */
#include "tests/support/screen_models.h"
#include "tui/view.h"
#include "tui/write.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const int sizes[][2] = {{40, 12}, {80, 24}, {120, 30}, {160, 48}, {7, 3}};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static struct grid *draw(int cols, int rows, enum view_id view)
{
    struct grid *grid = grid_create(rows, cols);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, view, rows, cols);
    screen_draw(screen_model_long(), &ui, grid);
    /* What needs escaping somewhere. */
    for (int i = 0; i < 5 && i < cols; i++)
        grid_at(grid, 0, i)->ch = (uint32_t) "\"\\<&>"[i];
    return grid;
}

static char *written(void (*write)(const struct grid *, enum theme_depth, FILE *),
                     const struct grid *grid, enum theme_depth depth)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    write(grid, depth, out);
    fclose(out);
    return text;
}

static void check_line_text(const struct grid *grid, int row, const char *text)
{
    for (int col = 0; col < grid->cols; col++)
        if (utf8_next(&text) != grid_at(grid, row, col)->ch)
            ck_abort_msg("row %d, column %d differs", row, col);
    ck_assert_int_eq(*text, 0);
}

static void check_spans(const struct grid *grid, int row, json_t *spans)
{
    int col = 0;
    size_t i;
    json_t *span;

    json_array_foreach(spans, i, span)
    {
        int start = (int)json_integer_value(json_array_get(span, 0));
        int length = (int)json_integer_value(json_array_get(span, 1));
        const char *role = json_string_value(json_array_get(span, 2));
        const char *style = json_string_value(json_array_get(span, 3));

        ck_assert_int_eq(start, col);
        for (; col < start + length; col++) {
            const struct cell *cell = grid_at(grid, row, col);

            if (!cell || strcmp(role, theme_role_name((enum role)cell->role)) != 0 ||
                (strstr(style, "selected") != NULL) != (cell->attr == CELL_SELECTED))
                ck_abort_msg("row %d, column %d: %s %s", row, col, role, style);
        }
    }
    ck_assert_int_eq(col, grid->cols);
}

START_TEST(test_json)
{
    struct grid *grid =
        draw(sizes[_i % SIZES][0], sizes[_i % SIZES][1], (enum view_id)(_i / SIZES));
    char *text = written(write_json, grid, THEME_256);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error), *lines = json_object_get(root, "lines");

    ck_assert_msg(root != NULL, "line %d: %s", error.line, error.text);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "rows")), grid->rows);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "cols")), grid->cols);
    ck_assert_uint_eq(json_array_size(lines), (size_t)grid->rows);
    for (int row = 0; row < grid->rows; row++) {
        json_t *line = json_array_get(lines, (size_t)row);

        check_line_text(grid, row, json_string_value(json_object_get(line, "text")));
        check_spans(grid, row, json_object_get(line, "spans"));
    }
    json_decref(root);
    free(text);
    grid_destroy(grid);
}
END_TEST

/* ANSI is the text once its sequences are left out. */
START_TEST(test_text_and_ansi)
{
    struct grid *grid = draw(sizes[_i][0], sizes[_i][1], VIEW_STEP);
    char *text = written(write_text, grid, THEME_256);

    for (enum theme_depth depth = THEME_MONO; depth <= THEME_256; depth++) {
        char *ansi = written(write_ansi, grid, depth), *to = ansi;

        for (char *from = ansi; *from; from++) {
            if (*from == '\033')
                from += strcspn(from, "m");
            else
                *to++ = *from;
        }
        *to = '\0';
        ck_assert(strcmp(ansi, text) == 0);
        free(ansi);
    }
    free(text);
    grid_destroy(grid);
}
END_TEST

/* Every column of every line. */
START_TEST(test_text_lines)
{
    struct grid *grid = draw(sizes[_i][0], sizes[_i][1], VIEW_STEP);
    char *text = written(write_text, grid, THEME_MONO), *rest = text;

    for (int row = 0; row < grid->rows; row++)
        check_line_text(grid, row, strsep(&rest, "\n"));
    ck_assert_str_eq(rest, "");
    free(text);
    grid_destroy(grid);
}
END_TEST

/* Mono writes no colour at all. */
START_TEST(test_mono)
{
    struct grid *grid = draw(80, 24, VIEW_STEP);
    char *ansi = written(write_ansi, grid, THEME_MONO);

    for (const char *p = ansi; (p = strchr(p, '\033')) != NULL; p++) {
        const char *end = p + strcspn(p, "m");

        for (const char *q = p + 2; q < end; q += strcspn(q, ";m") + 1)
            if (strtol(q, NULL, 10) >= 30)
                ck_abort_msg("colour %.*s", (int)(end - p), p + 1);
    }
    free(ansi);
    grid_destroy(grid);
}
END_TEST

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        count++;
    return count;
}

/* Well-formed as far as tags go, with nothing unescaped. */
START_TEST(test_svg)
{
    struct grid *grid = draw(80, 24, VIEW_STEP);
    char *svg = written(write_svg, grid, THEME_256);

    ck_assert(strncmp(svg, "<svg ", 5) == 0);
    ck_assert_uint_eq(count_of(svg, "<text "), count_of(svg, "</text>"));
    ck_assert_uint_gt(count_of(svg, "<text "), 100);
    ck_assert_ptr_nonnull(strstr(svg, "&lt;&amp;&gt;"));
    ck_assert_uint_eq(count_of(svg, "&"),
                      count_of(svg, "&lt;") + count_of(svg, "&gt;") + count_of(svg, "&amp;"));
    ck_assert_str_eq(svg + strlen(svg) - 7, "</svg>\n");
    free(svg);
    grid_destroy(grid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writers");
    TCase *tc = tcase_create("writers");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_json, 0, SIZES * VIEW_COUNT);
    tcase_add_loop_test(tc, test_text_and_ansi, 0, SIZES);
    tcase_add_loop_test(tc, test_text_lines, 0, SIZES);
    tcase_add_test(tc, test_mono);
    tcase_add_test(tc, test_svg);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
