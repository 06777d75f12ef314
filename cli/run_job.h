/*
 * What `vlab run` is to run: the image of a lab or a file, its modules and its input, read whole.
 *
 *   struct job job;
 *   job_init(&job);
 *   if (job_use(&job, what, &err) || job_read(&job, &err)) ...
 *   job_close(&job);
 *
 * Functions return 0 or -errno with *err set; job_close() is due whatever they returned.
 */
#ifndef VLAB_CLI_RUN_JOB_H
#define VLAB_CLI_RUN_JOB_H

#include "core/loader.h"
#include "course/catalog.h"
#include "snapshot/node.h"
#include "util/error.h"

#include <stddef.h>
#include <stdint.h>

struct job {
    struct image image; /* what the caller adds to it: address, command line */
    uint8_t *data;      /* image.data, malloc()ed */
    struct image_module modules[IMAGE_MODULES_MAX];
    uint8_t *module_data[IMAGE_MODULES_MAX]; /* malloc()ed, as the strings */
    char *module_string[IMAGE_MODULES_MAX];
    uint8_t *input; /* for COM1, malloc()ed */
    size_t input_size;
    char path[COURSE_PATH_MAX];
    char name[64];                 /* for the trace */
    uint64_t ram_size;             /* bytes; the lab's, else the default */
    char exiting[LAB_EXITING_MAX]; /* of the lab; "": the defaults */
    struct lab_mmu mmu;
    uint32_t needs;   /* of a CPU, bits 1 << enum backend_need */
    struct node node; /* a snapshot to go on from; id "": none */
};

void job_init(struct job *job);
void job_close(struct job *job);

/*
 * A lab of the course, or an image: a name with a slash, or of a file that exists; or a snapshot, as
 * cli/snap.h has it.
 */
int job_use(struct job *job, const char *what, struct error *err);
int job_use_bios(struct job *job, const char *path, struct error *err);

/* Read the image that was found. */
int job_read(struct job *job, struct error *err);

/* Read what comes in over COM1. */
int job_read_input(struct job *job, const char *path, struct error *err);

/* FILE[,ARGUMENTS]: the file's bytes, and "FILE ARGUMENTS" for the kernel. IMAGE_MODULES_MAX of them
 * at most: the caller's bound. */
int job_read_module(struct job *job, const char *text, struct error *err);

#endif
