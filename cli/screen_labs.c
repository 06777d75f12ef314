/*
 * From the course to the screen, see screen_labs.h. A state folder that cannot be used hides the
 * progress, and says why in its place; the labs themselves can be opened all the same.
 */
#include "cli/screen_labs.h"

#include "cli/snap.h"
#include "core/control_names.h"
#include "core/loader.h"
#include "core/machine.h"
#include "course/files.h"
#include "course/progress.h"
#include "course/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAB_IMAGE_MAX (64u << 20) /* bytes */

static enum lab_verdict verdict_of(enum check_verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
        return LAB_PASS;
    case VERDICT_FAIL:
    case VERDICT_TIMEOUT:
    case VERDICT_CRASH:
        return LAB_FAIL;
    case VERDICT_SKIP:
    case VERDICT_INFRA:
        return LAB_NOT_RUN;
    case VERDICT_NONE:
        break;
    }
    return LAB_NOT_TRIED;
}

static void fill_progress(struct lab_info *info, const struct exercise *exercise,
                          const char *state_dir)
{
    struct progress progress;
    struct error err = {0};

    if (progress_load(state_dir, exercise, &progress, &err) < 0) {
        snprintf(info->problem, sizeof(info->problem), "%s", err.text);
        return;
    }
    info->points = progress.best;
    info->tried = progress.attempts > 0;
    for (unsigned i = 0; i < info->check_count; i++)
        info->checks[i].verdict = verdict_of(progress.checks[i]);
    snprintf(info->command, sizeof(info->command), "vlab %s %s",
             progress.started ? "check" : "start", info->id);
}

static void fill_exercise(struct lab_info *info, const struct exercise *exercise)
{
    snprintf(info->exercise, sizeof(info->exercise), "%s", exercise->title);
    snprintf(info->command, sizeof(info->command), "vlab start %s", info->id);
    info->points_max = exercise->points;
    for (unsigned i = 0; i < exercise->check_count && i < LAB_CHECKS_MAX; i++) {
        struct lab_check *check = &info->checks[info->check_count++];

        snprintf(check->text, sizeof(check->text), "%s", exercise->checks[i].text);
        check->points = exercise->checks[i].points;
    }
}

/* Paths inside the data folder are shown from there on: that is where the student finds them. */
static const char *shown_path(const struct course *course, const char *path)
{
    const char *root = course_root(course);
    size_t length = strlen(root);

    return strncmp(path, root, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static void fill_lab(struct lab_info *info, const struct course *course, const struct lab *lab)
{
    snprintf(info->id, sizeof(info->id), "%s", lab->id);
    snprintf(info->name, sizeof(info->name), "%s", lab->name);
    snprintf(info->folder, sizeof(info->folder), "%s", lab->folder);
    snprintf(info->title, sizeof(info->title), "%s", lab->title);
    snprintf(info->goal, sizeof(info->goal), "%s", lab->goal);
    snprintf(info->sheet, sizeof(info->sheet), "%.255s", shown_path(course, lab->sheet));
    if (access(lab->image, R_OK) < 0)
        snprintf(info->missing, sizeof(info->missing), "its guest cannot be read: %s",
                 errno == ENOENT ? "it has not been built (make builds it)" : strerror(errno));
}

static void fill_all(struct screen_labs *labs, const char *state_dir, const struct error *state_err)
{
    for (unsigned i = 0; i < labs->count; i++) {
        const struct lab *lab = course_lab(labs->course, i);
        const struct exercise *exercise = course_lab_exercise(labs->course, lab, 0);
        struct lab_info *info = &labs->infos[i];

        fill_lab(info, labs->course, lab);
        if (!exercise)
            continue;
        fill_exercise(info, exercise);
        if (state_dir)
            fill_progress(info, exercise, state_dir);
        else
            snprintf(info->problem, sizeof(info->problem), "%s", state_err->text);
    }
}

int screen_labs_open(struct screen_labs *labs, struct error *err)
{
    char state_dir[COURSE_PATH_MAX];
    struct error state_err = {0};
    bool has_state;
    int rc;

    memset(labs, 0, sizeof(*labs));
    rc = course_open(&labs->course, err);
    if (rc < 0)
        return rc;
    labs->count = course_lab_count(labs->course);
    labs->infos = calloc(labs->count ? labs->count : 1, sizeof(*labs->infos));
    if (!labs->infos) {
        screen_labs_close(labs);
        return error_set(err, -ENOMEM, "labs: out of memory");
    }
    has_state = course_state_dir(state_dir, &state_err) == 0;
    if (has_state) {
        work_last_lab(state_dir, labs->last);
        if (path_make(labs->snapshots, &state_err, "%s/snapshots", state_dir))
            labs->snapshots[0] = '\0';
    }
    fill_all(labs, has_state ? state_dir : NULL, &state_err);
    return 0;
}

void screen_labs_close(struct screen_labs *labs)
{
    free(labs->infos);
    course_close(labs->course);
    memset(labs, 0, sizeof(*labs));
}

int screen_labs_find(const struct screen_labs *labs, const char *what, struct error *err)
{
    const struct lab *lab;
    int rc = course_find(labs->course, what, &lab, err);

    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < labs->count; i++)
        if (course_lab(labs->course, i) == lab)
            return (int)i;
    return error_set(err, -ENOENT, "%.60s: no such lab", what);
}

int screen_labs_default(const struct screen_labs *labs)
{
    for (unsigned i = 0; i < labs->count; i++)
        if (strcmp(course_lab(labs->course, i)->folder, labs->last) == 0)
            return (int)i;
    return labs->count > 0 ? 0 : -1;
}

static int load_image(struct machine *m, const struct lab *lab, struct error *err)
{
    struct image image = {
        .kind = lab->kind, .name = lab->image, .at = lab->at, .has_at = lab->has_at};
    uint8_t *data;
    int rc = file_read(lab->image, LAB_IMAGE_MAX, &data, &image.size, err);

    if (rc < 0)
        return rc;
    image.data = data;
    rc = machine_load(m, &image, err);
    free(data);
    return rc;
}

static int set_exiting(struct machine *m, const struct lab *lab, struct error *err)
{
    struct controls c = m->controls;
    int rc;

    if (!*lab->exiting)
        return 0;
    rc = controls_parse(&c, lab->exiting, err);
    if (rc == 0)
        machine_set_controls(m, &c);
    return rc;
}

static int open_machine(void *ctx, unsigned index, const struct text_sink *text,
                        struct machine **machine, struct error *err)
{
    const struct screen_labs *labs = ctx;
    const struct lab *lab = course_lab(labs->course, index);
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    config.ram_size = lab->ram_size;
    config.shadow_paging = lab->mmu.shadow;
    config.ept_accessed_dirty = lab->mmu.ept_accessed_dirty;
    config.text = *text;
    rc = machine_create(machine, &config, err);
    if (rc < 0)
        return rc;
    rc = load_image(*machine, lab, err);
    if (rc == 0)
        rc = set_exiting(*machine, lab, err);
    if (rc < 0) {
        machine_destroy(*machine);
        *machine = NULL;
    }
    return rc;
}

/* What cannot be read is no place: the lab opens at its start. */
static void opens_at(void *ctx, unsigned index, char id[NODE_ID_SIZE])
{
    const struct screen_labs *labs = ctx;
    struct error err;

    if (snap_at_get(course_lab(labs->course, index)->folder, id, &err))
        id[0] = '\0';
}

void screen_labs_config(struct screen_labs *labs, struct tui_config *config)
{
    config->labs = labs->infos;
    config->lab_count = labs->count;
    config->open = open_machine;
    config->opens_at = opens_at;
    snprintf(config->snapshots, sizeof(config->snapshots), "%s", labs->snapshots);
    config->ctx = labs;
}
