/* course/catalog.c, work.c, progress.c and files.c on data folders made for the test. */
#include "course/catalog.h"
#include "course/files.h"
#include "course/progress.h"
#include "course/work.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static const char lab_conf[] = "title = A lab\ngoal = To see.\nimage = guest.bin\nkind = flat\n"
                               "at = 0x1000\nram = 4M\nexercise = 03_exits\n";
static const char exercise_conf[] =
    "title = An exercise\nfile = boot.asm\ncheck = builds 5 - it builds\n"
    "check = runs 10 builds it runs\nstarter-fails = runs\nhint = a\nhint = b\nhint = c\n";

static void put(const char *name, const char *text)
{
    char path[COURSE_PATH_MAX], folder[COURSE_PATH_MAX];
    struct error err;

    ck_assert_int_eq(path_make(path, &err, "%s/%s", root, name), 0);
    ck_assert_int_eq(path_make(folder, &err, "%s", path), 0);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(dirs_make(folder, &err), 0);
    ck_assert_int_eq(file_replace(path, text, strlen(text), &err), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void set_up(void)
{
    snprintf(root, sizeof(root), "/tmp/vlab-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    setenv("VLAB_DATA", root, 1);
    put("labs/03_exits/lab.conf", lab_conf);
    put("exercises/03_exits/exercise.conf", exercise_conf);
    put("exercises/03_exits/boot.asm", "; starter\n");
}

static void tear_down(void)
{
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct course *open_course(void)
{
    struct course *course;
    struct error err = {0};

    ck_assert_msg(course_open(&course, &err) == 0, "%s", err.text);
    return course;
}

/* Opening fails and the line ends with `message`. */
static void assert_refused(const char *message)
{
    struct course *course = NULL;
    struct error err = {0};
    size_t size = strlen(message);

    ck_assert_int_lt(course_open(&course, &err), 0);
    ck_assert_msg(strlen(err.text) >= size &&
                      strcmp(err.text + strlen(err.text) - size, message) == 0,
                  "\"%s\" does not end with \"%s\"", err.text, message);
}

START_TEST(reads_a_lab)
{
    struct course *course = open_course();
    const struct lab *lab = course_lab(course, 0);

    ck_assert_uint_eq(course_lab_count(course), 1);
    ck_assert_str_eq(lab->id, "03");
    ck_assert_str_eq(lab->name, "exits");
    ck_assert_str_eq(lab->title, "A lab");
    ck_assert_int_eq(lab->kind, IMAGE_FLAT);
    ck_assert_uint_eq(lab->at, 0x1000);
    ck_assert_uint_eq(lab->ram_size, 4u << 20);
    ck_assert_str_eq(course_lab_exercise(course, lab, 0)->title, "An exercise");
    ck_assert_ptr_null(course_lab_exercise(course, lab, 1));
    ck_assert_ptr_null(course_lab(course, 1));
    course_close(course);
}
END_TEST

START_TEST(reads_execution_controls)
{
    const struct lab *lab;
    struct course *course;
    struct error err;

    put("labs/03_exits/lab.conf",
        "title = A\ngoal = B\nimage = g\nkind = elf\nram = 4M\nexiting = pause, -hlt\n");
    course = open_course();
    ck_assert_int_eq(course_find(course, "03", &lab, &err), 0);
    ck_assert_str_eq(lab->exiting, "pause, -hlt");
    course_close(course);
    put("labs/03_exits/lab.conf",
        "title = A\ngoal = B\nimage = g\nkind = elf\nram = 4M\nexiting = hlt,puase\n");
    assert_refused("lab.conf:6: exiting: 'puase' is no execution control");
}
END_TEST

START_TEST(reads_an_exercise)
{
    struct course *course = open_course();
    const struct exercise *e = course_exercise(course, 0);

    ck_assert_uint_eq(e->check_count, 2);
    ck_assert_uint_eq(e->points, 15);
    ck_assert_str_eq(e->checks[0].parent, "");
    ck_assert_str_eq(e->checks[1].id, "runs");
    ck_assert_str_eq(e->checks[1].parent, "builds");
    ck_assert_str_eq(e->checks[1].text, "it runs");
    ck_assert(!e->starter_fails[0] && e->starter_fails[1]);
    ck_assert_str_eq(e->hints[2], "c");
    course_close(course);
}
END_TEST

START_TEST(finds_by_any_name)
{
    static const char *const names[] = {"03", "3", "exits", "03_exits", "lab03", "lab3"};
    struct course *course = open_course();
    const struct exercise *exercise;
    const struct lab *lab;
    struct error err;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ck_assert_int_eq(course_find(course, names[i], &lab, &err), 0);
        ck_assert_ptr_eq(lab, course_lab(course, 0));
        ck_assert_int_eq(course_find_exercise(course, names[i], &exercise, &err), 0);
    }
    course_close(course);
}
END_TEST

START_TEST(names_the_nearest)
{
    struct course *course = open_course();
    const struct lab *lab;
    struct error err;

    ck_assert_int_eq(course_find(course, "exist", &lab, &err), -ENOENT);
    ck_assert_str_eq(err.text, "exist: no such lab; did you mean 03_exits?");
    ck_assert_int_eq(course_find(course, "container-runtimes", &lab, &err), -ENOENT);
    ck_assert_str_eq(err.text, "container-runtimes: no such lab; there is 03_exits");
    ck_assert_int_eq(course_find(course, "", &lab, &err), -ENOENT);
    course_close(course);
}
END_TEST

START_TEST(refuses_bad_labs)
{
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = g\nkind = iso\nram = 4M\n");
    assert_refused("lab.conf:4: kind: \"iso\" is not boot, flat, elf or bios");
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = g\nkind = elf\nram = 1T\n");
    assert_refused("lab.conf:5: ram: \"1T\" is not a number");
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = g\nkind = elf\nram = 0\n");
    assert_refused("lab.conf:5: ram: 0 is not in 0x100000..0x100000000");
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = g\nkind = elf\nram = 0x100001\n");
    assert_refused("lab.conf:5: ram: not a multiple of 4K");
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = g\nkind = flat\nram = 4M\n");
    assert_refused("a load address (at) goes with kind = flat and only there");
    put("labs/03_exits/lab.conf", "title = A\ngoal = B\nimage = ../g\nkind = elf\nram = 4M\n");
    assert_refused("lab.conf:3: image: not a plain file name");
    put("labs/03_exits/lab.conf",
        "title = A\ngoal = B\nimage = g\nkind = elf\nram = 4M\nexercise = 09_none\n");
    assert_refused("labs/03_exits/lab.conf: exercise 09_none is not there");
}
END_TEST

static void put_check(const char *check)
{
    char text[512];

    snprintf(text, sizeof(text),
             "title = E\nfile = f\ncheck = a 1 - x\ncheck = %s\nstarter-fails = a\n"
             "hint = a\nhint = b\nhint = c\n",
             check);
    put("exercises/03_exits/exercise.conf", text);
}

START_TEST(refuses_bad_exercises)
{
    put_check("b 1 c it");
    assert_refused("exercise.conf:4: check: parent c does not come before it");
    put_check("b many - it");
    assert_refused("exercise.conf:4: check: \"many\" is not 0..1000 points");
    put_check("b 1");
    assert_refused("exercise.conf:4: check: not \"ID POINTS PARENT|- TEXT\"");
    put_check("a 1 - it");
    assert_refused("exercise.conf:4: check: a is there twice");
    put_check("B 1 - it");
    assert_refused("exercise.conf:4: check: \"B\" is no check id");
    put("exercises/03_exits/exercise.conf", "title = E\nfile = f\ncheck = a 1 - x\n"
                                            "starter-fails = a\nhint = a\nhint = b\n");
    assert_refused("hint: no value");
    put("exercises/03_exits/exercise.conf", "title = E\nfile = f\ncheck = a 1 - x\n"
                                            "starter-fails = b\nhint = a\nhint = b\nhint = c\n");
    assert_refused("starter-fails: no check of that id");
}
END_TEST

START_TEST(needs_its_files)
{
    char path[COURSE_PATH_MAX];
    struct error err;

    ck_assert_int_eq(path_make(path, &err, "%s/labs/04_kvm", root), 0);
    ck_assert_int_eq(dirs_make(path, &err), 0);
    assert_refused("labs/04_kvm/lab.conf: No such file or directory");
    ck_assert_int_eq(rmdir(path), 0);
    setenv("VLAB_DATA", "/nowhere", 1);
    assert_refused("VLAB_DATA: no labs folder in /nowhere");
}
END_TEST

START_TEST(working_copy_is_never_overwritten)
{
    struct course *course = open_course();
    char state[COURSE_PATH_MAX], path[COURSE_PATH_MAX], text[32] = "";
    bool created;
    struct error err = {0};
    FILE *file;

    ck_assert_int_eq(path_make(state, &err, "%s/state", root), 0);
    ck_assert_int_eq(work_start(state, course_exercise(course, 0), path, &created, &err), 0);
    ck_assert(created);
    ck_assert_int_eq(file_replace(path, "mine", 4, &err), 0);
    ck_assert_int_eq(work_start(state, course_exercise(course, 0), path, &created, &err), 0);
    ck_assert(!created);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
    fclose(file);
    ck_assert_str_eq(text, "mine");
    course_close(course);
}
END_TEST

START_TEST(progress_keeps_the_best)
{
    struct course *course = open_course();
    const struct exercise *exercise = course_exercise(course, 0);
    char state[COURSE_PATH_MAX];
    static const unsigned earned[] = {5, 15, 0};
    struct progress progress;
    struct error err = {0};

    ck_assert_int_eq(path_make(state, &err, "%s/state", root), 0);
    ck_assert_int_eq(progress_load(state, exercise, &progress, &err), 0);
    ck_assert_uint_eq(progress.attempts, 0);
    for (int i = 0; i < 3; i++) {
        json_t *result = json_pack("{s:I, s:[{s:s, s:s}]}", "earned", (json_int_t)earned[i],
                                   "checks", "id", "runs", "verdict", i == 1 ? "pass" : "timeout");

        ck_assert_int_eq(progress_store(state, exercise, result, earned[i], i == 2, &err), 0);
        json_decref(result);
    }
    ck_assert_int_eq(progress_load(state, exercise, &progress, &err), 0);
    ck_assert_uint_eq(progress.attempts, 2); /* the third was infra */
    ck_assert_uint_eq(progress.best, 15);
    ck_assert_uint_eq(progress.last, 0);
    ck_assert_int_eq(progress.checks[0], VERDICT_NONE);
    ck_assert_int_eq(progress.checks[1], VERDICT_TIMEOUT);
    course_close(course);
}
END_TEST

START_TEST(damaged_result_is_named)
{
    static const char *const damaged[] = {"", "{", "[1]", "{\"best\": 1, \"best\": 2}", "\xff\xfe"};
    struct course *course = open_course();
    char state[COURSE_PATH_MAX];
    struct progress progress;
    struct error err = {0};

    ck_assert_int_eq(path_make(state, &err, "%s/state", root), 0);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        put("state/results/03_exits.json", damaged[i]);
        ck_assert_int_lt(progress_load(state, course_exercise(course, 0), &progress, &err), 0);
        ck_assert_ptr_nonnull(strstr(err.text, "results/03_exits.json: damaged"));
    }
    put("state/results/03_exits.json", "{\"best\": -5, \"attempts\": \"x\", \"checks\": {}}");
    ck_assert_int_eq(progress_load(state, course_exercise(course, 0), &progress, &err), 0);
    ck_assert_uint_eq(progress.best, 0);
    course_close(course);
}
END_TEST

START_TEST(state_folder)
{
    char state[COURSE_PATH_MAX], wanted[COURSE_PATH_MAX];
    struct error err = {0};

    ck_assert_int_eq(path_make(wanted, &err, "%s/a/b", root), 0);
    setenv("VLAB_HOME", wanted, 1);
    ck_assert_int_eq(course_state_dir(state, &err), 0);
    ck_assert_str_eq(state, wanted);
    ck_assert_int_eq(access(state, W_OK), 0);
    unsetenv("VLAB_HOME");
    setenv("XDG_STATE_HOME", root, 1);
    ck_assert_int_eq(course_state_dir(state, &err), 0);
    ck_assert_ptr_nonnull(strstr(state, "/vlab"));
    put("file", "x");
    ck_assert_int_eq(path_make(wanted, &err, "%s/file/below", root), 0);
    setenv("VLAB_HOME", wanted, 1);
    ck_assert_int_eq(course_state_dir(state, &err), -ENOTDIR);
    ck_assert_ptr_nonnull(strstr(err.text, "Not a directory"));
    ck_assert_int_eq(path_make(wanted, &err, "%s/file", root), 0);
    setenv("VLAB_HOME", wanted, 1);
    ck_assert_int_eq(course_state_dir(state, &err), -ENOTDIR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *tc = tcase_create("catalog");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, reads_a_lab);
    tcase_add_test(tc, reads_execution_controls);
    tcase_add_test(tc, reads_an_exercise);
    tcase_add_test(tc, finds_by_any_name);
    tcase_add_test(tc, names_the_nearest);
    tcase_add_test(tc, refuses_bad_labs);
    tcase_add_test(tc, refuses_bad_exercises);
    tcase_add_test(tc, needs_its_files);
    tcase_add_test(tc, working_copy_is_never_overwritten);
    tcase_add_test(tc, progress_keeps_the_best);
    tcase_add_test(tc, damaged_result_is_named);
    tcase_add_test(tc, state_folder);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
