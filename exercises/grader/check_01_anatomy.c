/*
 * The checks of exercise 01: a boot sector that transforms bytes it finds in RAM and sends them to
 * the UART. exercises/01_anatomy/README.md is what the student reads.
 *
 * Five runs, each with data of its own from the seed: the main one, n = 1, n = 64, a slow UART, and
 * other segments at the start. A run is made when the first check asks for it.
 */
#include "exercises/grader/assemble.h"
#include "exercises/grader/boot_run.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/replay.h"
#include "exercises/grader/random.h"
#include "exercises/grader/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_MAIN, RUN_ONE, RUN_FULL, RUN_SLOW, RUN_SEGMENTS, RUN_COUNT };

static const char *const run_names[RUN_COUNT] = {"main", "one", "full", "slow", "segments"};

struct anatomy {
    const struct grade_request *request;
    struct assembled assembled;
    int build_error; /* the host's, not the student's */
    struct error error;
    struct boot_case cases[RUN_COUNT];
    struct boot_seen seen[RUN_COUNT];
    bool done[RUN_COUNT];
};

/* The judge's own idea of the transformation. */
static uint8_t transformed(const struct boot_case *c, unsigned i)
{
    uint8_t byte = c->data[i];

    return (uint8_t)((byte << 3 | byte >> 5) ^ i);
}

static void make_case(struct boot_case *c, struct grader_random *random, unsigned least,
                      unsigned most)
{
    c->n = least + (unsigned)random_below(random, most - least + 1);
    for (unsigned i = 0; i < c->n; i++)
        c->data[i] = (uint8_t)random_below(random, 256);
    /* A shift for a rotation, or the other direction, must not come out right by chance. */
    c->data[0] = (uint8_t)(0xa0 | (c->data[0] & 0x0f));
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct anatomy *a = calloc(1, sizeof(*a));
    struct grader_random random;

    if (!a)
        return error_set(err, -ENOMEM, "grader: out of memory");
    a->request = request;
    random_seed(&random, request->seed);
    make_case(&a->cases[RUN_MAIN], &random, 9, 48);
    make_case(&a->cases[RUN_ONE], &random, 1, 1);
    make_case(&a->cases[RUN_FULL], &random, BOOT_DATA_MAX, BOOT_DATA_MAX);
    make_case(&a->cases[RUN_SLOW], &random, 9, 24);
    make_case(&a->cases[RUN_SEGMENTS], &random, 9, 24);
    a->cases[RUN_SLOW].polls = 2 + (unsigned)random_below(&random, 4);
    a->cases[RUN_SEGMENTS].segment = (uint16_t)(0x2000 + random_below(&random, 0x4000));
    snprintf(grade->isolation, sizeof(grade->isolation), "%s", sandbox_level());
    a->build_error = assemble(request->file, request->exercise->file, &a->assembled, &a->error);
    *state = a;
    return 0;
}

static void cleanup(void *state)
{
    struct anatomy *a = state;

    assembled_free(&a->assembled);
    free(a);
}

/* NULL, with the verdict infra, when the machine could not be had. */
static const struct boot_seen *run(struct anatomy *a, unsigned which, struct check_result *result)
{
    if (!a->done[which]) {
        struct error err = {0};

        if (boot_run(a->assembled.image, &a->cases[which], &a->seen[which], &err)) {
            result_fail(result, VERDICT_INFRA, "a machine", "%.150s", err.text);
            return NULL;
        }
        a->done[which] = true;
    }
    return &a->seen[which];
}

/* Say where, and how to look at it. */
static void point_at(struct anatomy *a, unsigned which, const struct boot_place *place,
                     struct check_result *result)
{
    uint8_t image[BOOT_REPLAY_SIZE];
    struct replay replay = {.state_dir = a->request->state_dir,
                            .exercise = a->request->exercise,
                            .run = run_names[which],
                            .image = image,
                            .size = sizeof(image),
                            .at = BOOT_REPLAY_AT,
                            .ram_size = RAM_SIZE_MIN,
                            .exits = place->known ? place->exit + 1 : 0};

    if (place->known)
        snprintf(result->place, sizeof(result->place), "exit %llu, at address %llx",
                 (unsigned long long)place->exit, (unsigned long long)place->address);
    boot_replay_image(a->assembled.image, &a->cases[which], image);
    replay_write(&replay, result->command, sizeof(result->command));
}

/* Checks */

static void check_builds(void *state, struct check_result *result)
{
    struct anatomy *a = state;

    if (a->build_error)
        result_fail(result, VERDICT_INFRA, "nasm to run", "%.150s", a->error.text);
    else if (!a->assembled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", a->assembled.why);
    else
        result_pass(result);
}

static void check_sector(void *state, struct check_result *result)
{
    const struct assembled *built = &((struct anatomy *)state)->assembled;

    if (built->size != BOOT_SECTOR_SIZE)
        result_fail(result, VERDICT_FAIL, "512 bytes", "%zu bytes", built->size);
    else if (built->image[510] != 0x55 || built->image[511] != 0xaa)
        result_fail(result, VERDICT_FAIL, "55 aa in bytes 510 and 511", "%02x %02x",
                    built->image[510], built->image[511]);
    else
        result_pass(result);
}

/* The debug exit was reached; else what happened instead. */
static bool has_ended(struct anatomy *a, unsigned which, const struct boot_seen *seen,
                      struct check_result *result)
{
    static const char wanted[] = "an end by the debug exit, port f4";
    const struct run_result *r = &seen->result;

    if (r->stop == STOP_DEBUG_EXIT)
        return true;
    if (r->stop == STOP_BUDGET)
        result_fail(result, VERDICT_TIMEOUT, wanted,
                    "still running after %llu instructions and %llu exits",
                    (unsigned long long)r->insns, (unsigned long long)r->exits);
    else if (r->stop == STOP_HALT)
        result_fail(result, VERDICT_FAIL, wanted, "HLT, and nothing that could wake it");
    else
        result_fail(result, VERDICT_CRASH, wanted, "%s%s%.100s", stop_reason_name(r->stop),
                    r->error.text[0] ? ": " : "", r->error.text);
    point_at(a, which, &seen->last, result);
    return false;
}

static void check_ends(void *state, struct check_result *result)
{
    const struct boot_seen *seen = run(state, RUN_MAIN, result);

    if (seen && has_ended(state, RUN_MAIN, seen, result))
        result_pass(result);
}

/* The machine's status is (V << 1) | 1, of which eight bits are kept: V counts modulo 128. */
static bool has_status(struct anatomy *a, unsigned which, const struct boot_seen *seen,
                       struct check_result *result)
{
    unsigned n = a->cases[which].n, value = seen->result.status >> 1;
    char wanted[40];

    if (value == n)
        return true;
    snprintf(wanted, sizeof(wanted), "%u (n) written to port f4", n);
    result_fail(result, VERDICT_FAIL, wanted, "%u", value);
    point_at(a, which, &seen->last, result);
    return false;
}

static void check_status(void *state, struct check_result *result)
{
    const struct boot_seen *seen = run(state, RUN_MAIN, result);

    if (seen && has_status(state, RUN_MAIN, seen, result))
        result_pass(result);
}

static bool has_count(struct anatomy *a, unsigned which, const struct boot_seen *seen,
                      struct check_result *result)
{
    unsigned n = a->cases[which].n;
    const struct boot_place *place = &seen->last;
    char wanted[40];

    if (seen->count == n)
        return true;
    snprintf(wanted, sizeof(wanted), "%u byte%s at the UART", n, n == 1 ? "" : "s");
    result_fail(result, VERDICT_FAIL, wanted, "%u", seen->count);
    if (seen->count > n) {
        place = &seen->places[n];
        snprintf(result->difference, sizeof(result->difference), "byte %u is one too many", n);
    } else {
        snprintf(result->difference, sizeof(result->difference),
                 "byte %u never came before the end", seen->count);
    }
    point_at(a, which, place, result);
    return false;
}

static void check_count(void *state, struct check_result *result)
{
    const struct boot_seen *seen = run(state, RUN_MAIN, result);

    if (seen && has_count(state, RUN_MAIN, seen, result))
        result_pass(result);
}

/* At most the first 12 bytes, in hexadecimal. */
static void format_bytes(char *text, size_t size, const uint8_t *bytes, unsigned count)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < count && i < 12; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%02x", i ? " " : "", bytes[i]);
    if (count > 12)
        snprintf(text + used, size - used, " ...");
}

/* The first byte that is not the wanted one, or n. */
static unsigned first_difference(const struct boot_case *c, const struct boot_seen *seen)
{
    unsigned i = 0;

    while (i < c->n && seen->bytes[i] == transformed(c, i))
        i++;
    return i;
}

static void fail_bytes(struct anatomy *a, unsigned which, const struct boot_seen *seen,
                       struct check_result *result)
{
    const struct boot_case *c = &a->cases[which];
    unsigned i = first_difference(c, seen);
    uint8_t right[BOOT_DATA_MAX];
    char wanted[64], came[64];

    for (unsigned k = 0; k < c->n; k++)
        right[k] = transformed(c, k);
    format_bytes(wanted, sizeof(wanted), right, c->n);
    format_bytes(came, sizeof(came), seen->bytes, c->n);
    result_fail(result, VERDICT_FAIL, wanted, "%s", came);
    snprintf(result->difference, sizeof(result->difference),
             "byte %u: %02x was to become %02x, %02x came", i, c->data[i], right[i],
             seen->bytes[i]);
    point_at(a, which, &seen->places[i], result);
}

/* Every value as often as it is wanted, in whatever order. */
static bool has_values(const struct boot_case *c, const struct boot_seen *seen)
{
    int left[256] = {0};

    for (unsigned i = 0; i < c->n; i++) {
        left[transformed(c, i)]++;
        left[seen->bytes[i]]--;
    }
    for (unsigned i = 0; i < 256; i++) {
        if (left[i])
            return false;
    }
    return true;
}

static void check_bytes(void *state, struct check_result *result)
{
    struct anatomy *a = state;
    const struct boot_seen *seen = run(a, RUN_MAIN, result);

    if (seen && has_values(&a->cases[RUN_MAIN], seen))
        result_pass(result);
    else if (seen)
        fail_bytes(a, RUN_MAIN, seen, result);
}

static bool has_bytes(struct anatomy *a, unsigned which, const struct boot_seen *seen,
                      struct check_result *result)
{
    if (first_difference(&a->cases[which], seen) == a->cases[which].n)
        return true;
    fail_bytes(a, which, seen, result);
    return false;
}

static void check_order(void *state, struct check_result *result)
{
    const struct boot_seen *seen = run(state, RUN_MAIN, result);

    if (seen && has_bytes(state, RUN_MAIN, seen, result))
        result_pass(result);
}

/* What reached the UART, in another run. */
static bool sends_right(struct anatomy *a, unsigned which, struct check_result *result)
{
    const struct boot_seen *seen = run(a, which, result);

    return seen && has_ended(a, which, seen, result) && has_count(a, which, seen, result) &&
           has_bytes(a, which, seen, result);
}

/* Everything that the main run must do, in another run. */
static bool does_it_all(struct anatomy *a, unsigned which, struct check_result *result)
{
    return sends_right(a, which, result) && has_status(a, which, &a->seen[which], result);
}

static void check_edges(void *state, struct check_result *result)
{
    if (does_it_all(state, RUN_ONE, result) && does_it_all(state, RUN_FULL, result))
        result_pass(result);
}

static void check_polls(void *state, struct check_result *result)
{
    struct anatomy *a = state;
    const struct boot_seen *seen = run(a, RUN_SLOW, result);

    if (!seen)
        return;
    if (seen->lost) {
        result_fail(result, VERDICT_FAIL, "no byte sent while bit 5 of port 3fd is clear",
                    "%u of %u sent too early, to a UART that is busy for %u reads of 3fd",
                    seen->lost, seen->count, a->cases[RUN_SLOW].polls);
        point_at(a, RUN_SLOW, &seen->first_lost, result);
        return;
    }
    if (sends_right(a, RUN_SLOW, result))
        result_pass(result);
}

static void check_segments(void *state, struct check_result *result)
{
    struct anatomy *a = state;
    size_t used;

    if (does_it_all(a, RUN_SEGMENTS, result)) {
        result_pass(result);
        return;
    }
    used = strlen(result->wanted);
    snprintf(result->wanted + used, sizeof(result->wanted) - used, ", with DS = ES = SS = %04x",
             a->cases[RUN_SEGMENTS].segment);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},     {"sector", check_sector}, {"ends", check_ends},
    {"status", check_status},     {"count", check_count},   {"bytes", check_bytes},
    {"order", check_order},       {"edges", check_edges},   {"polls", check_polls},
    {"segments", check_segments},
};

const struct exercise_grader grader_01_anatomy = {
    .folder = "01_anatomy",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
