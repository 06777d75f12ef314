/* Compiling a student's file, see compile.h. */
#include "exercises/grader/compile.h"

#include "core/loader.h"
#include "exercises/grader/sandbox.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "program"
#define SOURCES_MAX 8

static const struct sandbox_limits limits = {.cpu_seconds = 20,
                                             .wall_seconds = 120,
                                             .memory_bytes = (size_t)4 << 30,
                                             .file_bytes = 16u << 20,
                                             .tools = true};

static int copy_file(const char *from, const struct compiled *out, const char *name,
                     struct error *err)
{
    char path[sizeof(out->folder) + COURSE_NAME_MAX];
    uint8_t *data;
    size_t size;
    FILE *file;
    bool ok;
    int ret = file_read(from, COMPILE_SOURCE_MAX, &data, &size, err);

    if (ret)
        return ret;
    snprintf(path, sizeof(path), "%s/%s", out->folder, name);
    file = fopen(path, "wbxe");
    ok = file && fwrite(data, 1, size, file) == size;
    ok = file && fclose(file) == 0 && ok;
    free(data);
    return ok ? 0 : error_set(err, -EIO, "%s: cannot be written", path);
}

static bool is_source(const char *name)
{
    size_t size = strlen(name);

    return size > 2 && strcmp(name + size - 2, ".c") == 0;
}

static bool is_header(const char *name)
{
    size_t size = strlen(name);

    return size > 2 && strcmp(name + size - 2, ".h") == 0;
}

/* A folder beside the exercise's own. */
static void folder_path(const struct exercise *exercise, const char *folder,
                        char path[COURSE_PATH_MAX])
{
    size_t root = strlen(exercise->starter) - strlen(exercise->file) - 1 - strlen(exercise->folder);

    snprintf(path, COURSE_PATH_MAX, "%.*s%s", (int)root, exercise->starter, folder);
}

/* All sources and headers of a folder of the exercises, but for the starter. Adds sources to `argv`. */
static int copy_folder(const struct exercise *exercise, const char *folder,
                       const struct compiled *out, char **argv, unsigned *count, struct error *err)
{
    char path[COURSE_PATH_MAX], file[2 * COURSE_PATH_MAX];
    struct dirent *entry;
    DIR *dir;
    int ret = 0;

    folder_path(exercise, folder, path);
    dir = opendir(path);
    if (!dir)
        return error_errno(err, -errno, "%s", path);
    while (!ret && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;

        if (strcmp(name, exercise->file) == 0 || !(is_source(name) || is_header(name)))
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, name);
        ret = copy_file(file, out, name, err);
        if (ret || !is_source(name) || *count == SOURCES_MAX)
            continue;
        argv[*count] = strdup(name);
        ret = argv[(*count)++] ? 0 : error_set(err, -ENOMEM, "out of memory");
    }
    closedir(dir);
    return ret;
}

/* ---- what the compiler says ------------------------------------------------------------------ */

static void make_printable(char *text)
{
    for (char *p = text; *p; p++)
        if (!isprint((unsigned char)*p))
            *p = '.';
}

/* The first line with an error in it; else the first. */
static const char *first_error(char *messages)
{
    char *line = strcasestr(messages, "error: ");

    while (line && line > messages && line[-1] != '\n')
        line--;
    if (!line)
        line = messages;
    line[strcspn(line, "\n")] = '\0';
    make_printable(line);
    return line;
}

static void explain_failure(struct sandbox_result *result, struct compiled *out)
{
    const char *line = first_error(result->messages);

    if (result->end == SANDBOX_TIMEOUT ||
        (result->end == SANDBOX_KILLED && result->status == SIGXCPU))
        snprintf(out->why, sizeof(out->why), "the compiler was stopped: it took too long");
    else if (result->end == SANDBOX_KILLED)
        snprintf(out->why, sizeof(out->why), "the compiler was stopped by signal %d",
                 result->status);
    else if (*line)
        snprintf(out->why, sizeof(out->why), "%.190s", line);
    else
        snprintf(out->why, sizeof(out->why), "the compiler ended with status %d", result->status);
}

static int run_compiler(char **argv, struct compiled *out, struct error *err)
{
    struct sandbox_result result;
    int ret = sandbox_run(argv[0], argv, out->folder, &limits, &result, err);

    if (ret)
        return ret;
    out->built = result.end == SANDBOX_EXITED && result.status == 0;
    if (out->built)
        snprintf(out->program, sizeof(out->program), "%s/" PROGRAM, out->folder);
    else
        explain_failure(&result, out);
    return 0;
}

/* ---- the folder ------------------------------------------------------------------------------ */

static int make_folder(struct compiled *out, struct error *err)
{
    const char *tmp = getenv("TMPDIR");

    if (!tmp || snprintf(out->folder, sizeof(out->folder), "%s/vlab-XXXXXX", tmp) >=
                    (int)sizeof(out->folder))
        snprintf(out->folder, sizeof(out->folder), "/tmp/vlab-XXXXXX");
    if (mkdtemp(out->folder))
        return 0;
    out->folder[0] = '\0';
    return error_errno(err, -errno, "a temporary folder");
}

void compiled_remove(struct compiled *compiled)
{
    DIR *dir = compiled->folder[0] ? opendir(compiled->folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    if (compiled->folder[0])
        rmdir(compiled->folder);
    compiled->folder[0] = '\0';
}

static int copy_all(const char *path, const struct exercise *exercise, struct compiled *out,
                    char **argv, unsigned *count, struct error *err)
{
    int ret = make_folder(out, err);

    ret = ret ? ret : copy_file(path, out, exercise->file, err);
    if (ret == -EFBIG) {
        snprintf(out->why, sizeof(out->why), "larger than %u bytes", COMPILE_SOURCE_MAX);
        return ret;
    }
    ret = ret ? ret : copy_folder(exercise, "lib", out, argv, count, err);
    return ret ? ret : copy_folder(exercise, exercise->folder, out, argv, count, err);
}

int compile(const char *path, const struct exercise *exercise, struct compiled *out,
            struct error *err)
{
    static char *const options[] = {"-std=c17", "-D_DEFAULT_SOURCE", "-O1", "-g", "-Wall", "-o",
                                    PROGRAM};
    enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
    char cc[64], *argv[1 + OPTIONS + 1 + SOURCES_MAX + 1] = {cc};
    unsigned count = 0;
    int ret;

    memset(out, 0, sizeof(*out));
    if (sandbox_find("cc", cc, sizeof(cc), err) && sandbox_find("gcc", cc, sizeof(cc), err) &&
        sandbox_find("clang", cc, sizeof(cc), err))
        return error_set(err, -ENOENT, "no C compiler is installed (cc, gcc or clang)");
    memcpy(argv + 1, options, sizeof(options));
    argv[1 + OPTIONS] = (char *)(uintptr_t)exercise->file;
    ret = copy_all(path, exercise, out, argv + 2 + OPTIONS, &count, err);
    if (!ret)
        ret = run_compiler(argv, out, err);
    for (unsigned i = 0; i < count; i++)
        free(argv[2 + OPTIONS + i]);
    return ret == -EFBIG ? 0 : ret;
}
