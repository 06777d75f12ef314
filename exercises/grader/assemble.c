/*
 * Assembling a student's file, see assemble.h.
 *
 * Two runs of nasm: the preprocessor alone, whose output is searched for what opens files when it is
 * assembled; then the file itself, so that messages have the student's own line numbers.
 */
#include "exercises/grader/assemble.h"

#include "core/loader.h"
#include "exercises/grader/sandbox.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREPROCESSED "preprocessed"
#define OUTPUT "output"

static const struct sandbox_limits limits = {.cpu_seconds = 5,
                                             .wall_seconds = 30,
                                             .memory_bytes = 512u << 20,
                                             .file_bytes = ASSEMBLE_OUTPUT_MAX};

struct job {
    char nasm[64];
    char folder[64]; /* private */
    char *name;      /* of the source in it */
    struct sandbox_result result;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct assembled *out, const char *fmt,
                                                         ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out->why, sizeof(out->why), fmt, ap);
    va_end(ap);
}

/* Messages may quote the source: nothing of it reaches a terminal that is not printable. */
static void make_printable(char *text)
{
    for (char *p = text; *p; p++) {
        if (!isprint((unsigned char)*p))
            *p = '.';
    }
}

/* The directive that opens a file at the start of a source line, or NULL. */
static const char *file_directive(const char *line)
{
    static const char *const directives[] = {"include", "pathsearch", "depend"};

    line += strspn(line, " \t");
    if (*line++ != '%')
        return NULL;
    line += strspn(line, " \t");
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (strncasecmp(line, directives[i], strlen(directives[i])) == 0)
            return directives[i];
    }
    return NULL;
}

static bool search_source(char *text, const char *name, struct assembled *out)
{
    unsigned number = 1;

    for (char *line = text, *next; line; line = next, number++) {
        const char *directive;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        directive = file_directive(line);
        if (directive) {
            refuse(out, "%s:%u: %%%s: the file must stand alone", name, number, directive);
            return true;
        }
    }
    return false;
}

/* incbin reads a file, [map] writes one. Comments are gone from preprocessed text. */
static bool search_preprocessed(const char *text, const char *name, struct assembled *out)
{
    const char *bracket = text;

    if (strcasestr(text, "incbin")) {
        refuse(out, "%s: incbin: the file must stand alone", name);
        return true;
    }
    while ((bracket = strchr(bracket, '[')) != NULL) {
        bracket += 1 + strspn(bracket + 1, " \t");
        if (strncasecmp(bracket, "map", 3) == 0) {
            refuse(out, "%s: [map]: the file must stand alone", name);
            return true;
        }
    }
    return false;
}

static int job_path(const struct job *job, const char *file, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", job->folder, file);
}

/* A file of the job as text: NUL-terminated, so what lies behind a NUL byte in it is not seen. */
static int read_text(const struct job *job, const char *file, size_t max, char **text,
                     struct error *err)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;
    int ret;

    job_path(job, file, path);
    ret = file_read(path, max, &data, &size, err);
    if (ret)
        return ret;
    *text = malloc(size + 1);
    if (*text) {
        for (size_t i = 0; i < size; i++)
            (*text)[i] = data[i] ? (char)data[i] : ' ';
        (*text)[size] = '\0';
    }
    free(data);
    return *text ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int write_file(const char *path, const uint8_t *data, size_t size, struct error *err)
{
    FILE *file = fopen(path, "wbxe");
    bool ok;

    if (!file)
        return error_errno(err, -errno, "%s", path);
    ok = fwrite(data, 1, size, file) == size;
    if (fclose(file) || !ok)
        return error_set(err, -EIO, "%s: cannot be written", path);
    return 0;
}

static int copy_source(const struct job *job, const char *from, struct error *err)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;
    int ret = file_read(from, ASSEMBLE_SOURCE_MAX, &data, &size, err);

    if (ret)
        return ret;
    job_path(job, job->name, path);
    ret = write_file(path, data, size, err);
    free(data);
    return ret;
}

/* nasm's first message, without the rest; or what ended it. */
static void explain_failure(struct job *job, struct assembled *out)
{
    struct sandbox_result *result = &job->result;

    result->messages[strcspn(result->messages, "\n")] = '\0';
    make_printable(result->messages);
    if (result->end == SANDBOX_TIMEOUT ||
        (result->end == SANDBOX_KILLED && result->status == SIGXCPU))
        refuse(out, "nasm was stopped: it took too long");
    else if (result->end == SANDBOX_KILLED && result->status == SIGXFSZ)
        refuse(out, "nasm was stopped: its output grew over %u bytes", ASSEMBLE_OUTPUT_MAX);
    else if (result->end == SANDBOX_KILLED)
        refuse(out, "nasm was stopped by signal %d", result->status);
    else if (result->messages[0])
        refuse(out, "%.190s", result->messages);
    else
        refuse(out, "nasm ended with status %d", result->status);
}

static bool ended_well(const struct job *job)
{
    return job->result.end == SANDBOX_EXITED && job->result.status == 0;
}

static int run_nasm(struct job *job, char *const argv[], struct error *err)
{
    return sandbox_run(job->nasm, argv, job->folder, &limits, &job->result, err);
}

/* True when the file may be assembled, false with the reason in out->why. */
static int search(struct job *job, bool *clean, struct assembled *out, struct error *err)
{
    char *const argv[] = {job->nasm, "-E", "-o", PREPROCESSED, job->name, NULL};
    char *text;
    int ret = read_text(job, job->name, ASSEMBLE_SOURCE_MAX, &text, err);

    if (ret)
        return ret;
    *clean = !search_source(text, job->name, out);
    free(text);
    if (!*clean)
        return 0;
    ret = run_nasm(job, argv, err);
    if (ret)
        return ret;
    *clean = ended_well(job);
    if (!*clean) {
        explain_failure(job, out);
        return 0;
    }
    ret = read_text(job, PREPROCESSED, ASSEMBLE_OUTPUT_MAX, &text, err);
    if (ret)
        return ret;
    *clean = !search_preprocessed(text, job->name, out);
    free(text);
    return 0;
}

static int translate(struct job *job, struct assembled *out, struct error *err)
{
    char *const argv[] = {job->nasm, "-f", "bin", "-o", OUTPUT, job->name, NULL};
    char path[PATH_MAX];
    int ret = run_nasm(job, argv, err);

    if (ret)
        return ret;
    if (!ended_well(job)) {
        explain_failure(job, out);
        return 0;
    }
    job_path(job, OUTPUT, path);
    if (access(path, F_OK)) {
        refuse(out, "nasm made no output: the file has no code");
        return 0;
    }
    ret = file_read(path, ASSEMBLE_OUTPUT_MAX, &out->image, &out->size, err);
    out->built = ret == 0;
    return ret;
}

static void remove_folder(const struct job *job)
{
    DIR *dir = opendir(job->folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(job->folder);
}

static int make_folder(struct job *job, struct error *err)
{
    const char *tmp = getenv("TMPDIR");
    size_t size = sizeof(job->folder);

    if (!tmp || snprintf(job->folder, size, "%s/vlab-XXXXXX", tmp) >= (int)size)
        snprintf(job->folder, size, "/tmp/vlab-XXXXXX");
    if (!mkdtemp(job->folder))
        return error_errno(err, -errno, "%s", job->folder);
    return 0;
}

int assemble(const char *path, const char *name, struct assembled *out, struct error *err)
{
    struct job job = {0};
    bool clean = false;
    int ret = sandbox_find("nasm", job.nasm, sizeof(job.nasm), err);

    memset(out, 0, sizeof(*out));
    if (ret)
        return ret;
    job.name = strdup(name);
    if (!job.name)
        return error_set(err, -ENOMEM, "out of memory");
    ret = make_folder(&job, err);
    if (!ret) {
        ret = copy_source(&job, path, err);
        if (ret == -EFBIG)
            refuse(out, "larger than %u bytes", ASSEMBLE_SOURCE_MAX);
        if (!ret)
            ret = search(&job, &clean, out, err);
        if (!ret && clean)
            ret = translate(&job, out, err);
        remove_folder(&job);
    }
    free(job.name);
    return ret == -EFBIG ? 0 : ret;
}

void assembled_free(struct assembled *out)
{
    free(out->image);
    out->image = NULL;
}
