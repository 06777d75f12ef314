/*
 * The catalogue of labs and exercises, see catalog.h.
 *
 * It finds the data folder, reads labs/NN_name/lab.conf and exercises/NN_name/exercise.conf, and
 * checks that they fit each other. Every folder whose name begins with two digits and `_` counts;
 * one without its .conf is an error, because a lab that silently is not there is worse.
 */
#include "course/catalog.h"

#include "core/backend.h"
#include "core/control_names.h"
#include "core/ram.h"
#include "course/conf.h"
#include "course/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COURSE_ENTRIES_MAX 64

struct course {
    char root[COURSE_PATH_MAX];
    char bin[COURSE_PATH_MAX]; /* the folder of the program: built images lie below it */
    struct lab labs[COURSE_ENTRIES_MAX];
    unsigned lab_count;
    struct exercise exercises[COURSE_ENTRIES_MAX];
    unsigned exercise_count;
};

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The data folder */

static int program_dir(char path[COURSE_PATH_MAX], struct error *err)
{
    ssize_t n = readlink("/proc/self/exe", path, COURSE_PATH_MAX - 1);
    char *slash;

    if (n < 0)
        return error_errno(err, -errno, "/proc/self/exe");
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return 0;
}

static bool try_root(struct course *course, const char *base, const char *below)
{
    char path[COURSE_PATH_MAX + 16], real[PATH_MAX];
    struct error ignored;

    if (path_make(path, &ignored, "%s%s/labs", base, below))
        return false;
    if (!is_dir(path) || !realpath(path, real))
        return false;
    *strrchr(real, '/') = '\0';
    return path_make(course->root, &ignored, "%s", real) == 0;
}

static int find_root(struct course *course, struct error *err)
{
    const char *data = getenv("VLAB_DATA");

    if (data && *data) {
        if (!try_root(course, data, ""))
            return error_set(err, -ENOENT, "VLAB_DATA: no labs folder in %.150s", data);
        return 0;
    }
    if (try_root(course, course->bin, "/../share/vlab") || try_root(course, course->bin, "/..") ||
        try_root(course, course->bin, "/../.."))
        return 0;
    return error_set(err, -ENOENT,
                     "labs: no labs folder near %.120s; VLAB_DATA names the folder that holds it",
                     course->bin);
}

/* Reading one entry */

/* "NN_name": two digits, then lower-case letters, digits and dashes. */
static bool is_entry_name(const char *name)
{
    size_t size = strlen(name);

    if (size < 4 || size >= 32 + 3 || !isdigit((unsigned char)name[0]) ||
        !isdigit((unsigned char)name[1]) || name[2] != '_')
        return false;
    return strspn(name + 3, "abcdefghijklmnopqrstuvwxyz0123456789-") == size - 3;
}

static bool is_plain_file_name(const char *name)
{
    return !strchr(name, '/') && name[0] != '.';
}

static void split_name(const char *folder, char id[8], char name[32])
{
    snprintf(id, 8, "%.2s", folder);
    snprintf(name, 32, "%s", folder + 3);
}

static const struct {
    const char *name;
    enum image_kind kind;
} kinds[] = {
    {"boot", IMAGE_BOOT_SECTOR}, {"flat", IMAGE_FLAT}, {"elf", IMAGE_ELF}, {"bios", IMAGE_BIOS}};

static int read_kind(const struct conf *conf, struct lab *lab, struct error *err)
{
    const char *text = conf_text(conf, "kind", 0);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, text) == 0) {
            lab->kind = kinds[i].kind;
            return 0;
        }
    }
    return conf_error(conf, "kind", 0, err, "\"%.40s\" is not boot, flat, elf or bios", text);
}

bool lab_mmu_parse(struct lab_mmu *mmu, const char *word)
{
    *mmu = (struct lab_mmu){.shadow = strcmp(word, "shadow") == 0,
                            .ept_accessed_dirty = strcmp(word, "ept-ad") == 0};
    return mmu->shadow || mmu->ept_accessed_dirty || strcmp(word, "ept") == 0;
}

static int read_mmu(const struct conf *conf, struct lab *lab, struct error *err)
{
    const char *word = conf_text(conf, "mmu", 0);

    if (word && !lab_mmu_parse(&lab->mmu, word))
        return conf_error(conf, "mmu", 0, err, "\"%.40s\" is not ept, ept-ad or shadow", word);
    return 0;
}

static int read_cpu_needs(const struct conf *conf, struct lab *lab, struct error *err)
{
    const char *words = conf_text(conf, "needs", 0);

    if (words && !backend_needs_parse(words, &lab->needs))
        return conf_error(conf, "needs", 0, err, "\"%.40s\": see core/backend.c for the words",
                          words);
    return 0;
}

static int read_exiting(const struct conf *conf, struct lab *lab, struct error *err)
{
    struct controls scratch;
    struct error why;
    int ret;

    if (!conf_text(conf, "exiting", 0))
        return 0;
    ret = conf_copy(conf, "exiting", 0, lab->exiting, sizeof(lab->exiting), err);
    if (ret)
        return ret;
    controls_default(&scratch);
    if (controls_parse(&scratch, lab->exiting, &why))
        return conf_error(conf, "exiting", 0, err, "%s", why.text);
    return 0;
}

static int read_machine(const struct conf *conf, struct lab *lab, struct error *err)
{
    int ret = read_kind(conf, lab, err);

    if (ret)
        return ret;
    lab->has_at = conf_text(conf, "at", 0) != NULL;
    if (lab->has_at != (lab->kind == IMAGE_FLAT))
        return conf_error(conf, lab->has_at ? "at" : "kind", 0, err,
                          "a load address (at) goes with kind = flat and only there");
    if (lab->has_at) {
        ret = conf_number(conf, "at", 0, 0, (1 << 20) - 1, &lab->at, err);
        if (ret)
            return ret;
    }
    ret = conf_number(conf, "ram", 0, RAM_SIZE_MIN, RAM_SIZE_MAX, &lab->ram_size, err);
    if (!ret && lab->ram_size % PAGE_SIZE)
        ret = conf_error(conf, "ram", 0, err, "not a multiple of 4K");
    ret = ret ? ret : read_mmu(conf, lab, err);
    ret = ret ? ret : read_cpu_needs(conf, lab, err);
    return ret ? ret : read_exiting(conf, lab, err);
}

/* The built image: below the program's folder in a source tree, else beside lab.conf. */
static int find_image(const struct course *course, const struct conf *conf, struct lab *lab,
                      struct error *err)
{
    char name[64];
    int ret = conf_copy(conf, "image", 0, name, sizeof(name), err);

    if (ret)
        return ret;
    if (!is_plain_file_name(name))
        return conf_error(conf, "image", 0, err, "not a plain file name");
    ret = path_make(lab->image, err, "%s/labs/%s/%s", course->bin, lab->folder, name);
    if (ret || access(lab->image, F_OK) == 0)
        return ret;
    return path_make(lab->image, err, "%s/labs/%s/%s", course->root, lab->folder, name);
}

static int read_lab_exercises(const struct conf *conf, struct lab *lab, struct error *err)
{
    for (unsigned i = 0; conf_text(conf, "exercise", i); i++) {
        int ret;

        if (i == LAB_EXERCISES_MAX)
            return conf_error(conf, "exercise", i, err, "more than %d exercises",
                              LAB_EXERCISES_MAX);
        ret = conf_copy(conf, "exercise", i, lab->exercises[i], COURSE_NAME_MAX, err);
        if (ret)
            return ret;
        lab->exercise_count++;
    }
    return 0;
}

static const struct conf_key lab_keys[] = {{"title", CONF_ONCE},       {"goal", CONF_ONCE},
                                           {"image", CONF_ONCE},       {"kind", CONF_ONCE},
                                           {"ram", CONF_ONCE},         {"at", CONF_OPTIONAL},
                                           {"exiting", CONF_OPTIONAL}, {"mmu", CONF_OPTIONAL},
                                           {"needs", CONF_OPTIONAL},   {"exercise", CONF_ANY}};

static int fill_lab(const struct course *course, const struct conf *conf, struct lab *lab,
                    struct error *err)
{
    int ret = conf_copy(conf, "title", 0, lab->title, sizeof(lab->title), err);

    if (!ret)
        ret = conf_copy(conf, "goal", 0, lab->goal, sizeof(lab->goal), err);
    if (!ret)
        ret = read_machine(conf, lab, err);
    if (!ret)
        ret = find_image(course, conf, lab, err);
    if (!ret)
        ret = read_lab_exercises(conf, lab, err);
    return ret;
}

static int read_lab(struct course *course, const char *folder, struct error *err)
{
    struct lab *lab = &course->labs[course->lab_count];
    char path[COURSE_PATH_MAX];
    struct conf *conf;
    int ret;

    snprintf(lab->folder, sizeof(lab->folder), "%s", folder);
    split_name(folder, lab->id, lab->name);
    ret = path_make(lab->sheet, err, "%s/labs/%s/README.md", course->root, folder);
    if (!ret)
        ret = path_make(path, err, "%s/labs/%s/lab.conf", course->root, folder);
    if (!ret)
        ret = conf_read(&conf, path, lab_keys, sizeof(lab_keys) / sizeof(lab_keys[0]), err);
    if (ret)
        return ret;
    ret = fill_lab(course, conf, lab, err);
    conf_free(conf);
    course->lab_count++;
    return ret;
}

/* Exercises */

static int find_check(const struct exercise *exercise, const char *id)
{
    for (unsigned i = 0; i < exercise->check_count; i++) {
        if (strcmp(exercise->checks[i].id, id) == 0)
            return (int)i;
    }
    return -1;
}

/* check = ID POINTS PARENT|- TEXT */
static int read_check(const struct conf *conf, unsigned index, struct exercise *exercise,
                      struct error *err)
{
    struct exercise_check *check = &exercise->checks[exercise->check_count];
    const char *value = conf_text(conf, "check", index);
    char points[8];
    uint64_t number;
    int used = 0;

    if (exercise->check_count == EXERCISE_CHECKS_MAX)
        return conf_error(conf, "check", index, err, "more than %d checks", EXERCISE_CHECKS_MAX);
    if (sscanf(value, "%23s %7s %23s %n", check->id, points, check->parent, &used) != 3 || !used ||
        !value[used])
        return conf_error(conf, "check", index, err, "not \"ID POINTS PARENT|- TEXT\"");
    if (strspn(check->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(check->id))
        return conf_error(conf, "check", index, err, "\"%s\" is no check id", check->id);
    if (find_check(exercise, check->id) >= 0)
        return conf_error(conf, "check", index, err, "%s is there twice", check->id);
    if (!conf_parse_number(points, &number) || number > 1000)
        return conf_error(conf, "check", index, err, "\"%s\" is not 0..1000 points", points);
    if (strcmp(check->parent, "-") == 0)
        check->parent[0] = '\0';
    else if (find_check(exercise, check->parent) < 0)
        return conf_error(conf, "check", index, err, "parent %s does not come before it",
                          check->parent);
    if (strlen(value + used) >= sizeof(check->text))
        return conf_error(conf, "check", index, err, "text longer than %zu characters",
                          sizeof(check->text) - 1);
    snprintf(check->text, sizeof(check->text), "%s", value + used);
    check->points = (unsigned)number;
    exercise->points += check->points;
    exercise->check_count++;
    return 0;
}

static int read_checks(const struct conf *conf, struct exercise *exercise, struct error *err)
{
    int ret = 0;

    for (unsigned i = 0; !ret && conf_text(conf, "check", i); i++)
        ret = read_check(conf, i, exercise, err);
    if (!ret && exercise->check_count == 0)
        ret = conf_error(conf, "check", 0, err, "none");
    return ret;
}

static int read_starter_fails(const struct conf *conf, struct exercise *exercise, struct error *err)
{
    for (unsigned i = 0; conf_text(conf, "starter-fails", i); i++) {
        int check = find_check(exercise, conf_text(conf, "starter-fails", i));

        if (check < 0)
            return conf_error(conf, "starter-fails", i, err, "no check of that id");
        exercise->starter_fails[check] = true;
    }
    if (!conf_text(conf, "starter-fails", 0))
        return conf_error(conf, "starter-fails", 0, err, "none");
    return 0;
}

static int read_hints(const struct conf *conf, struct exercise *exercise, struct error *err)
{
    for (unsigned i = 0; i < EXERCISE_HINTS; i++) {
        int ret = conf_copy(conf, "hint", i, exercise->hints[i], sizeof(exercise->hints[i]), err);

        if (ret)
            return ret;
    }
    if (conf_text(conf, "hint", EXERCISE_HINTS))
        return conf_error(conf, "hint", EXERCISE_HINTS, err, "more than %d", EXERCISE_HINTS);
    return 0;
}

static int read_needs(const struct conf *conf, struct exercise *exercise, struct error *err)
{
    for (unsigned i = 0; conf_text(conf, "needs", i); i++) {
        int ret;

        if (i == EXERCISE_NEEDS_MAX)
            return conf_error(conf, "needs", i, err, "more than %d", EXERCISE_NEEDS_MAX);
        ret = conf_copy(conf, "needs", i, exercise->needs[i], COURSE_NAME_MAX, err);
        if (ret)
            return ret;
        exercise->need_count++;
    }
    return 0;
}

static const struct conf_key exercise_keys[] = {{"title", CONF_ONCE},        {"file", CONF_ONCE},
                                                {"check", CONF_ANY},         {"hint", CONF_ANY},
                                                {"starter-fails", CONF_ANY}, {"needs", CONF_ANY}};

static int fill_exercise(const struct course *course, const struct conf *conf,
                         struct exercise *exercise, struct error *err)
{
    int ret = conf_copy(conf, "title", 0, exercise->title, sizeof(exercise->title), err);

    if (!ret)
        ret = conf_copy(conf, "file", 0, exercise->file, sizeof(exercise->file), err);
    if (!ret && !is_plain_file_name(exercise->file))
        ret = conf_error(conf, "file", 0, err, "not a plain file name");
    if (!ret)
        ret = path_make(exercise->starter, err, "%s/exercises/%s/%s", course->root,
                        exercise->folder, exercise->file);
    if (!ret)
        ret = read_checks(conf, exercise, err);
    if (!ret)
        ret = read_starter_fails(conf, exercise, err);
    if (!ret)
        ret = read_hints(conf, exercise, err);
    if (!ret)
        ret = read_needs(conf, exercise, err);
    return ret;
}

static int read_exercise(struct course *course, const char *folder, struct error *err)
{
    struct exercise *exercise = &course->exercises[course->exercise_count];
    char path[COURSE_PATH_MAX];
    struct conf *conf;
    int ret;

    snprintf(exercise->folder, sizeof(exercise->folder), "%s", folder);
    split_name(folder, exercise->id, exercise->name);
    ret = path_make(exercise->sheet, err, "%s/exercises/%s/README.md", course->root, folder);
    if (!ret)
        ret = path_make(path, err, "%s/exercises/%s/exercise.conf", course->root, folder);
    if (!ret)
        ret = conf_read(&conf, path, exercise_keys,
                        sizeof(exercise_keys) / sizeof(exercise_keys[0]), err);
    if (ret)
        return ret;
    ret = fill_exercise(course, conf, exercise, err);
    conf_free(conf);
    course->exercise_count++;
    return ret;
}

/* All of them */

static int select_entry(const struct dirent *entry)
{
    return is_entry_name(entry->d_name);
}

static int read_folder(struct course *course, const char *what,
                       int (*read)(struct course *, const char *, struct error *),
                       struct error *err)
{
    char path[COURSE_PATH_MAX];
    struct dirent **entries;
    int count, ret = path_make(path, err, "%s/%s", course->root, what);

    if (ret)
        return ret;
    count = scandir(path, &entries, select_entry, alphasort);
    if (count < 0)
        return error_errno(err, -errno, "%.180s", path);
    if (count > COURSE_ENTRIES_MAX)
        ret = error_set(err, -EINVAL, "%.180s: more than %d", path, COURSE_ENTRIES_MAX);
    for (int i = 0; i < count; i++) {
        if (!ret)
            ret = read(course, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return ret;
}

static const struct exercise *exercise_by_folder(const struct course *course, const char *folder)
{
    for (unsigned i = 0; i < course->exercise_count; i++) {
        if (strcmp(course->exercises[i].folder, folder) == 0)
            return &course->exercises[i];
    }
    return NULL;
}

static int check_lab_links(const struct course *course, struct error *err)
{
    for (unsigned i = 0; i < course->lab_count; i++) {
        const struct lab *lab = &course->labs[i];

        for (unsigned k = 0; k < lab->exercise_count; k++) {
            if (!exercise_by_folder(course, lab->exercises[k]))
                return error_set(err, -EINVAL, "labs/%s/lab.conf: exercise %s is not there",
                                 lab->folder, lab->exercises[k]);
        }
    }
    return 0;
}

static int check_exercise_links(const struct course *course, struct error *err)
{
    for (unsigned i = 0; i < course->exercise_count; i++) {
        const struct exercise *exercise = &course->exercises[i];

        for (unsigned k = 0; k < exercise->need_count; k++) {
            if (!exercise_by_folder(course, exercise->needs[k]))
                return error_set(err, -EINVAL,
                                 "exercises/%s/exercise.conf: needs %s, which is not there",
                                 exercise->folder, exercise->needs[k]);
        }
    }
    return 0;
}

int course_open(struct course **out, struct error *err)
{
    struct course *course = calloc(1, sizeof(*course));
    int ret;

    if (!course)
        return error_set(err, -ENOMEM, "course: out of memory");
    ret = program_dir(course->bin, err);
    if (!ret)
        ret = find_root(course, err);
    if (!ret)
        ret = read_folder(course, "labs", read_lab, err);
    if (!ret)
        ret = read_folder(course, "exercises", read_exercise, err);
    if (!ret)
        ret = check_lab_links(course, err);
    if (!ret)
        ret = check_exercise_links(course, err);
    if (ret) {
        course_close(course);
        return ret;
    }
    *out = course;
    return 0;
}

void course_close(struct course *course)
{
    free(course);
}

const char *course_root(const struct course *course)
{
    return course->root;
}

unsigned course_lab_count(const struct course *course)
{
    return course->lab_count;
}

const struct lab *course_lab(const struct course *course, unsigned index)
{
    return index < course->lab_count ? &course->labs[index] : NULL;
}

unsigned course_exercise_count(const struct course *course)
{
    return course->exercise_count;
}

const struct exercise *course_exercise(const struct course *course, unsigned index)
{
    return index < course->exercise_count ? &course->exercises[index] : NULL;
}

const struct exercise *course_lab_exercise(const struct course *course, const struct lab *lab,
                                           unsigned index)
{
    return index < lab->exercise_count ? exercise_by_folder(course, lab->exercises[index]) : NULL;
}

/* Finding by what the user typed */

static bool names_entry(const char *what, const char *id, const char *name, const char *folder)
{
    const char *number = strncmp(what, "lab", 3) == 0 ? what + 3 : what;

    if (strcmp(what, folder) == 0 || strcmp(what, name) == 0 || strcmp(number, id) == 0)
        return true;
    return id[0] == '0' && strcmp(number, id + 1) == 0;
}

/* Levenshtein distance, of names at most 39 long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[COURSE_NAME_MAX + 1];
    size_t width = strnlen(b, COURSE_NAME_MAX);

    for (unsigned k = 0; k <= width; k++)
        row[k] = k;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned k = 1; k <= width; k++) {
            unsigned best = diagonal + (*a != b[k - 1]);

            diagonal = row[k];
            if (row[k] + 1 < best)
                best = row[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            row[k] = best;
        }
    }
    return row[width];
}

/* "did you mean A or B?" from the near ones, else "there are A, B, ..." */
static int not_found(struct error *err, const char *kind, const char *what,
                     const char *(*folder_at)(const struct course *, unsigned),
                     const struct course *course)
{
    char near[120] = "", all[120] = "";
    const char *folder;

    for (unsigned i = 0; (folder = folder_at(course, i)) != NULL; i++) {
        unsigned limit = 1 + (unsigned)strnlen(what, COURSE_NAME_MAX) / 3;
        size_t used = strlen(all);

        snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "", folder);
        used = strlen(near);
        if (distance(what, folder) <= limit || distance(what, folder + 3) <= limit)
            snprintf(near + used, sizeof(near) - used, "%s%s", used ? " or " : "", folder);
    }
    if (near[0])
        return error_set(err, -ENOENT, "%.40s: no such %s; did you mean %s?", what, kind, near);
    return error_set(err, -ENOENT, "%.40s: no such %s; there is %s", what, kind,
                     all[0] ? all : "none");
}

static const char *lab_folder_at(const struct course *course, unsigned index)
{
    return index < course->lab_count ? course->labs[index].folder : NULL;
}

static const char *exercise_folder_at(const struct course *course, unsigned index)
{
    return index < course->exercise_count ? course->exercises[index].folder : NULL;
}

int course_find(const struct course *course, const char *what, const struct lab **lab,
                struct error *err)
{
    for (unsigned i = 0; i < course->lab_count; i++) {
        const struct lab *l = &course->labs[i];

        if (names_entry(what, l->id, l->name, l->folder)) {
            *lab = l;
            return 0;
        }
    }
    return not_found(err, "lab", what, lab_folder_at, course);
}

int course_find_exercise(const struct course *course, const char *what,
                         const struct exercise **exercise, struct error *err)
{
    for (unsigned i = 0; i < course->exercise_count; i++) {
        const struct exercise *e = &course->exercises[i];

        if (names_entry(what, e->id, e->name, e->folder)) {
            *exercise = e;
            return 0;
        }
    }
    return not_found(err, "exercise", what, exercise_folder_at, course);
}
