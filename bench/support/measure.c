/* Times, spreads and rows: see measure.h. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double measure_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct spread measure_spread(double *values, unsigned count)
{
    double middle;

    qsort(values, count, sizeof(*values), compare);
    middle = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return (struct spread){values[0], middle, values[count - 1]};
}

double measure_quantile(double *values, unsigned count, unsigned percent)
{
    unsigned rank = (count * percent + 99) / 100;

    qsort(values, count, sizeof(*values), compare);
    return values[rank ? rank - 1 : 0];
}

static void become(char *const argv[], int out)
{
    int null = open("/dev/null", O_RDWR);

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(126);
    execvp(argv[0], argv);
    _exit(127);
}

static int read_all(int fd, char *out, size_t cap)
{
    char rest[4096];
    size_t size = 0;
    ssize_t n;

    for (;;) {
        size_t space = cap - 1 - size;

        n = space ? read(fd, out + size, space) : read(fd, rest, sizeof(rest));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (space)
            size += (size_t)n;
    }
    out[size] = '\0';
    return n < 0 ? -errno : 0;
}

int measure_command(char *const argv[], char *out, size_t cap, double *seconds, int *status,
                    struct error *err)
{
    double start = measure_now();
    int ends[2], failed;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe");
    pid = fork();
    if (pid < 0) {
        failed = -errno;
        close(ends[0]);
        close(ends[1]);
        return error_errno(err, failed, "fork");
    }
    if (pid == 0)
        become(argv, ends[1]);
    close(ends[1]);
    failed = read_all(ends[0], out, cap);
    close(ends[0]);
    if (waitpid(pid, status, 0) < 0)
        return error_errno(err, -errno, "%s", argv[0]);
    *seconds = measure_now() - start;
    if (failed)
        return error_errno(err, failed, "%s: its output", argv[0]);
    if (WIFEXITED(*status) && WEXITSTATUS(*status) >= 126)
        return error_set(err, -ENOENT, "%s: cannot be run", argv[0]);
    return 0;
}

bool measure_path(char *path, size_t cap, const char *name)
{
    const char *build = getenv("BUILD");

    if (!build) {
        fprintf(stderr, "vlab: bench: BUILD: not set; use `make bench`\n");
        return false;
    }
    return (size_t)snprintf(path, cap, "%s/%s", build, name) < cap;
}

void measure_row(const char *claim, const char *peer, const char *goal, struct spread got,
                 const char *unit, bool met)
{
    printf("| %s | %s | %s | %.2f (%.2f to %.2f)%s%s | %s |\n", claim, peer, goal, got.median,
           got.min, got.max, *unit ? " " : "", unit, met ? "yes" : "no");
    fflush(stdout);
}

void measure_skip(const char *claim, const char *peer, const char *goal, const char *why)
{
    printf("| %s | %s | %s | skipped: %s | not measured |\n", claim, peer, goal, why);
    fflush(stdout);
    fprintf(stderr, "vlab: bench: %s: skipped: %s\n", claim, why);
}

int measure_fail(const struct error *err)
{
    fprintf(stderr, "vlab: bench: %s\n", err->text);
    return 1;
}
