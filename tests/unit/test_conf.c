/* course/conf.c: what it takes, what it refuses, and where it says the mistake is. */
#include "course/conf.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_key keys[] = {
    {"title", CONF_ONCE}, {"size", CONF_OPTIONAL}, {"item", CONF_ANY}};

static int parse_bytes(struct conf **conf, const char *text, size_t size, struct error *err)
{
    memset(err, 0, sizeof(*err));
    return conf_parse(conf, "x.conf", text, size, keys, sizeof(keys) / sizeof(keys[0]), err);
}

static int parse(struct conf **conf, const char *text, struct error *err)
{
    return parse_bytes(conf, text, strlen(text), err);
}

static void assert_refused(const char *text, const char *message)
{
    struct conf *conf = NULL;
    struct error err;

    ck_assert_int_lt(parse(&conf, text, &err), 0);
    ck_assert_str_eq(err.text, message);
    ck_assert_ptr_null(conf);
}

START_TEST(reads_values)
{
    struct conf *conf;
    struct error err;

    ck_assert_int_eq(parse(&conf,
                           "# comment\n\n  title =  two  words # kept \nitem=a\n\titem = b = c\n"
                           "item =",
                           &err),
                     0);
    ck_assert_str_eq(conf_text(conf, "title", 0), "two  words # kept");
    ck_assert_str_eq(conf_text(conf, "item", 0), "a");
    ck_assert_str_eq(conf_text(conf, "item", 1), "b = c");
    ck_assert_str_eq(conf_text(conf, "item", 2), "");
    ck_assert_ptr_null(conf_text(conf, "item", 3));
    ck_assert_ptr_null(conf_text(conf, "size", 0));
    conf_free(conf);
}
END_TEST

START_TEST(refuses_with_place)
{
    assert_refused("title = a\ncolour = b\n", "x.conf:2: unknown key \"colour\"");
    assert_refused("\n\ntitle = a\ntitle = b\n", "x.conf:4: title is given twice");
    assert_refused("title = a\nsize = 1\nsize = 1\n", "x.conf:3: size is given twice");
    assert_refused("size = 1\n", "x.conf: title is missing");
    assert_refused("", "x.conf: title is missing");
    assert_refused("title = a\nno equals sign\n", "x.conf:2: not \"key = value\"");
    assert_refused("= a\n", "x.conf:1: unknown key \"\"");
    assert_refused("title = \033[2J\n", "x.conf:1: byte 0x1b is not printable ASCII");
    assert_refused("title = a\r\n", "x.conf:1: byte 0x0d is not printable ASCII");
    assert_refused("title = \xc3\xa4\n", "x.conf:1: byte 0xc3 is not printable ASCII");
}
END_TEST

START_TEST(refuses_nul_and_size)
{
    static char big[CONF_FILE_MAX + 1];
    struct conf *conf;
    struct error err;

    ck_assert_int_eq(parse_bytes(&conf, "title = a\0b\n", 12, &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf: holds a NUL byte, it is no text");
    memset(big, '\n', sizeof(big));
    ck_assert_int_eq(parse_bytes(&conf, big, sizeof(big), &err), -EFBIG);
}
END_TEST

/* "title = a" and `items` lines of "item = 1". */
static int parse_items(struct conf **conf, int items, struct error *err)
{
    char text[CONF_ENTRIES_MAX * 16];
    size_t used = (size_t)snprintf(text, sizeof(text), "title = a\n");

    for (int i = 0; i < items; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "item = 1\n");
    return parse_bytes(conf, text, used, err);
}

START_TEST(refuses_too_many)
{
    struct conf *conf;
    struct error err;

    ck_assert_int_eq(parse_items(&conf, CONF_ENTRIES_MAX - 1, &err), 0);
    conf_free(conf);
    ck_assert_int_eq(parse_items(&conf, CONF_ENTRIES_MAX, &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf:129: more than 128 lines of settings");
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } cases[] = {{"0", true, 0},
                 {"4096", true, 4096},
                 {"0x1000", true, 0x1000},
                 {"0xFfff", true, 0xffff},
                 {"4K", true, 4096},
                 {"16M", true, 16u << 20},
                 {"1G", true, 1u << 30},
                 {"18446744073709551615", true, UINT64_MAX},
                 {"18446744073709551616", false, 0},
                 {"0x10000000000000000", false, 0},
                 {"17179869184G", false, 0},
                 {"", false, 0},
                 {"0x", false, 0},
                 {"-1", false, 0},
                 {"+1", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"1k", false, 0},
                 {"1KK", false, 0},
                 {"12a", false, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;

        ck_assert_msg(conf_parse_number(cases[i].text, &value) == cases[i].ok, "\"%s\"",
                      cases[i].text);
        if (cases[i].ok)
            ck_assert_uint_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(number_range)
{
    struct conf *conf;
    struct error err;
    uint64_t value = 7;

    ck_assert_int_eq(parse(&conf, "title = a\nsize = 2K\n", &err), 0);
    ck_assert_int_eq(conf_number(conf, "size", 0, 1, 4096, &value, &err), 0);
    ck_assert_uint_eq(value, 2048);
    ck_assert_int_eq(conf_number(conf, "size", 0, 1, 2047, &value, &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf:2: size: 2K is not in 0x1..0x7ff");
    ck_assert_int_eq(conf_number(conf, "title", 0, 1, 2, &value, &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf:1: title: \"a\" is not a number");
    conf_free(conf);
}
END_TEST

START_TEST(copy_checks_length)
{
    struct conf *conf;
    struct error err;
    char buf[4];

    ck_assert_int_eq(parse(&conf, "title = abc\nitem = abcd\nitem =\n", &err), 0);
    ck_assert_int_eq(conf_copy(conf, "title", 0, buf, sizeof(buf), &err), 0);
    ck_assert_str_eq(buf, "abc");
    ck_assert_int_eq(conf_copy(conf, "item", 0, buf, sizeof(buf), &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf:2: item: longer than 3 characters");
    ck_assert_int_eq(conf_copy(conf, "item", 1, buf, sizeof(buf), &err), -EINVAL);
    ck_assert_str_eq(err.text, "x.conf:3: item: no value");
    conf_free(conf);
}
END_TEST

START_TEST(missing_file)
{
    struct conf *conf;
    struct error err;

    ck_assert_int_eq(conf_read(&conf, "/nowhere/x.conf", keys, 3, &err), -ENOENT);
    ck_assert_str_eq(err.text, "/nowhere/x.conf: No such file or directory");
}
END_TEST

/* Any bytes: an answer, no crash, and never an entry that was not there. */
START_TEST(random_bytes)
{
    static const char alphabet[] = "title=size item#\n\n\t 0x1K\x01\xff";
    unsigned seed = 1;

    for (int round = 0; round < 20000; round++) {
        struct conf *conf = NULL;
        struct error err;
        char text[64];
        size_t size = (size_t)(seed >> 16) % sizeof(text);

        for (size_t i = 0; i < size; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        if (parse_bytes(&conf, text, size, &err) == 0)
            ck_assert_ptr_nonnull(conf_text(conf, "title", 0));
        else
            ck_assert(err.text[0] != '\0');
        conf_free(conf);
        seed = seed * 1103515245 + 12345;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf");
    TCase *tc = tcase_create("conf");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, reads_values);
    tcase_add_test(tc, refuses_with_place);
    tcase_add_test(tc, refuses_nul_and_size);
    tcase_add_test(tc, refuses_too_many);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, number_range);
    tcase_add_test(tc, copy_checks_length);
    tcase_add_test(tc, missing_file);
    tcase_add_test(tc, random_bytes);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
