/* One screen without a terminal, see tui.h. */
#include "tui/key.h"
#include "tui/session.h"
#include "tui/tui.h"
#include "tui/update.h"
#include "tui/view.h"
#include "tui/write.h"

#include <errno.h>
#include <stdlib.h>

struct render {
    const struct tui_config *config;
    const struct render_options *options;
    struct session *session;
    struct model *model;
    struct ui ui;
    bool quit;
};

/* A new model; what a view then asks for, such as memory, is in the next one. */
static void show_fresh(struct render *r)
{
    struct event fresh = {.kind = EVENT_MODEL};
    struct command command;

    session_publish(r->session, r->model);
    update(r->model, &r->ui, &fresh, &command);
    if (command.kind == COMMAND_NONE)
        return;
    session_execute(r->session, &command);
    session_publish(r->session, r->model);
    update(r->model, &r->ui, &fresh, &command);
}

static void handle(struct render *r, const struct event *event)
{
    struct command command;

    r->quit |= update(r->model, &r->ui, event, &command) & UPDATE_QUIT;
    if (command.kind != COMMAND_NONE) {
        session_execute(r->session, &command);
        show_fresh(r);
    }
}

static int press_keys(struct render *r, struct error *err)
{
    const char *keys = r->options->keys ? r->options->keys : "";
    int key;

    while (!r->quit && (key = key_parse(&keys)) != 0) {
        struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        if (key < 0)
            return error_set(err, -EINVAL, "render: --keys: no such key before \"%.40s\"", keys);
        handle(r, &event);
    }
    return 0;
}

static int open_lab(struct render *r, struct error *err)
{
    struct command command;

    if (r->config->lab < 0)
        return 0;
    update_send(&r->ui, &command, COMMAND_OPEN);
    command.lab = (unsigned)r->config->lab;
    session_execute(r->session, &command);
    if (!r->session->machine)
        return error_set(err, -EINVAL, "%.200s", r->session->message);
    return 0;
}

static int run_to_position(struct render *r, struct error *err)
{
    const struct render_options *o = r->options;
    struct session *s = r->session;

    if (o->exits == 0 && o->insns == 0)
        return 0;
    if (!s->machine)
        return error_set(err, -EINVAL, "render: no lab to run");
    if (session_run_to(s, o->exits, o->insns))
        return 0;
    return error_set(err, -ERANGE, "render: the run ends at exit %llu, instruction %llu: %.120s",
                     (unsigned long long)s->machine->exits, (unsigned long long)s->machine->insns,
                     s->message);
}

static int write_grid(const struct render *r, struct grid *grid, FILE *out, struct error *err)
{
    static void (*const writers[])(const struct grid *, enum theme_depth, FILE *) = {
        [RENDER_TEXT] = write_text,
        [RENDER_ANSI] = write_ansi,
        [RENDER_SVG] = write_svg,
        [RENDER_JSON] = write_json,
    };

    if (r->config->ascii)
        grid_fold_ascii(grid);
    writers[r->options->format](grid, r->config->mono ? THEME_MONO : THEME_256, out);
    if (fflush(out) != 0 || ferror(out))
        return error_errno(err, errno ? -errno : -EIO, "render: output");
    return 0;
}

static int draw(struct render *r, FILE *out, struct error *err)
{
    struct grid *grid = grid_create(r->ui.rows, r->ui.cols);
    int rc;

    if (!grid)
        return error_set(err, -ENOMEM, "render: out of memory");
    screen_draw(r->model, &r->ui, grid);
    rc = write_grid(r, grid, out, err);
    grid_destroy(grid);
    return rc;
}

static int render(struct render *r, enum view_id view, FILE *out, struct error *err)
{
    int rc;

    r->session->limits.insns = RENDER_INSNS;
    r->session->has_cost = r->options->cost;
    model_init(r->model, r->config->labs, r->config->lab_count);
    ui_init(&r->ui, view == VIEW_LABS ? VIEW_LABS : VIEW_STEP, view, r->options->rows,
            r->options->cols);
    rc = open_lab(r, err);
    if (rc == 0)
        rc = run_to_position(r, err);
    if (rc < 0)
        return rc;
    if (r->config->lab >= 0)
        r->ui.selected_lab = (unsigned)r->config->lab;
    show_fresh(r);
    rc = press_keys(r, err);
    return rc < 0 ? rc : draw(r, out, err);
}

int tui_render(const struct tui_config *config, const struct render_options *options, FILE *out,
               struct error *err)
{
    struct render r = {.config = config, .options = options};
    enum view_id view = view_find(options->view);
    int rc;

    if (view == VIEW_COUNT)
        return error_set(err, -EINVAL, "render: %.40s: no such view", options->view);
    r.session = session_create(config);
    r.model = malloc(sizeof(*r.model));
    if (r.session && r.model)
        rc = render(&r, view, out, err);
    else
        rc = error_set(err, -ENOMEM, "render: out of memory");
    free(r.model);
    session_destroy(r.session);
    return rc;
}
