/* Finding and reading what is to run, see run_job.h. */
#include "cli/run_job.h"
#include "cli/snap.h"

#include "core/machine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_FILE_MAX (1u << 30) /* bytes */
#define IMAGE_FILE_MAX (1u << 30) /* bytes; an ELF file may be larger than the RAM it asks for */

void job_init(struct job *job)
{
    struct machine_config defaults = MACHINE_CONFIG_DEFAULT;

    memset(job, 0, sizeof(*job));
    job->ram_size = defaults.ram_size;
    job->image.modules = job->modules;
}

void job_close(struct job *job)
{
    for (unsigned i = 0; i < job->image.module_count; i++) {
        free(job->module_data[i]);
        free(job->module_string[i]);
    }
    free(job->data);
    free(job->input);
}

static bool is_file(const char *what)
{
    struct stat st;

    return strchr(what, '/') || (stat(what, &st) == 0 && !S_ISDIR(st.st_mode));
}

static int use_file(struct job *job, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');

    if (strlen(path) >= sizeof(job->path))
        return error_set(err, -ENAMETOOLONG, "%.60s...: path too long", path);
    strcpy(job->path, path);
    snprintf(job->name, sizeof(job->name), "%.63s", slash ? slash + 1 : path);
    return 0;
}

static int use_lab(struct job *job, const char *what, struct error *err)
{
    struct course *course;
    const struct lab *lab;
    int rc = course_open(&course, err);

    if (rc)
        return rc;
    rc = course_find(course, what, &lab, err);
    if (!rc) {
        job->image.kind = lab->kind;
        job->image.at = lab->at;
        job->image.has_at = lab->has_at;
        job->ram_size = lab->ram_size;
        job->mmu = lab->mmu;
        job->needs = lab->needs;
        memcpy(job->exiting, lab->exiting, sizeof(job->exiting));
        memcpy(job->path, lab->image, sizeof(job->path));
        snprintf(job->name, sizeof(job->name), "%s", lab->folder);
    }
    course_close(course);
    return rc;
}

static int use_node(struct job *job, const char *what, struct error *err)
{
    struct store *store;
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = snap_find(store, what, &job->node, err);
    store_close(store);
    snprintf(job->name, sizeof(job->name), "%s", job->node.lab);
    return rc;
}

int job_use(struct job *job, const char *what, struct error *err)
{
    if (snap_is_node(what))
        return use_node(job, what, err);
    return is_file(what) ? use_file(job, what, err) : use_lab(job, what, err);
}

int job_use_bios(struct job *job, const char *path, struct error *err)
{
    job->image.kind = IMAGE_BIOS;
    return use_file(job, path, err);
}

int job_read(struct job *job, struct error *err)
{
    int rc = job->node.id[0]
                 ? 0
                 : file_read(job->path, IMAGE_FILE_MAX, &job->data, &job->image.size, err);

    job->image.name = job->path;
    job->image.data = job->data;
    return rc;
}

int job_read_input(struct job *job, const char *path, struct error *err)
{
    return file_read(path, INPUT_FILE_MAX, &job->input, &job->input_size, err);
}

int job_read_module(struct job *job, const char *text, struct error *err)
{
    struct image_module *module = &job->modules[job->image.module_count];
    size_t path = strcspn(text, ",");
    char *string = strdup(text);
    int rc;

    if (!string)
        return error_set(err, -ENOMEM, "run: out of memory");
    job->module_string[job->image.module_count] = string;
    string[path] = '\0';
    rc = file_read(string, IMAGE_FILE_MAX, &job->module_data[job->image.module_count],
                   &module->size, err);
    if (text[path])
        string[path] = ' ';
    module->data = job->module_data[job->image.module_count++];
    module->string = string;
    return rc;
}
