/* The tree of snapshots in lines: the order, the lines that join, the nodes of one lab alone. */
#include "snapshot/branches.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct node nodes[40];
static struct store_list list = {.nodes = nodes};

static void add(const char *id, const char *parent, const char *lab)
{
    struct node *node = &nodes[list.count++];

    snprintf(node->id, sizeof(node->id), "%s", id);
    snprintf(node->parent, sizeof(node->parent), "%s", parent);
    snprintf(node->lab, sizeof(node->lab), "%s", lab);
}

static void setup(void)
{
    list.count = 0;
    memset(nodes, 0, sizeof(nodes));
}

/* "a|-b| `-c": each with the lines before it. */
static const char *drawn(const char *lab)
{
    static char text[4096];
    struct branch *branches;
    size_t count;

    text[0] = '\0';
    ck_assert_int_eq(branches_of(&list, lab, &branches, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char lines[BRANCH_TEXT_MAX];

        strcat(text, branch_text(branches[i].depth, branches[i].lines, BRANCH_DEPTH_MAX, lines));
        strcat(text, branches[i].node->id);
        strcat(text, "\n");
    }
    free(branches);
    return text;
}

START_TEST(test_order)
{
    ck_assert_str_eq(drawn(NULL), "");
    add("leaf", "left", "x"); /* taken before its parent, says its clock */
    add("root", "", "x");
    add("left", "root", "x");
    add("other", "", "x");
    add("right", "root", "x");
    add("tip", "right", "x");
    ck_assert_str_eq(drawn(NULL), "root\n"
                                  "|-left\n"
                                  "| `-leaf\n"
                                  "`-right\n"
                                  "  `-tip\n"
                                  "other\n");
}
END_TEST

/* A parent in another lab, or nowhere, is none. */
START_TEST(test_one_lab)
{
    add("root", "", "x");
    add("mine", "root", "y");
    add("gone", "nobody", "y");
    add("below", "mine", "y");
    ck_assert_str_eq(drawn("y"), "mine\n`-below\ngone\n");
    ck_assert_str_eq(drawn("z"), "");
    ck_assert_str_eq(drawn(NULL), "root\n`-mine\n  `-below\ngone\n");
}
END_TEST

/* Deeper than what is drawn: nothing more to the right, and the lines above stay as they are. */
START_TEST(test_deep)
{
    char id[NODE_ID_SIZE], parent[NODE_ID_SIZE] = "", text[BRANCH_TEXT_MAX];
    struct branch *branches;
    size_t count;

    for (unsigned i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "n%u", i);
        add(id, parent, "x");
        memcpy(parent, id, sizeof(parent));
    }
    ck_assert_int_eq(branches_of(&list, NULL, &branches, &count), 0);
    ck_assert_uint_eq(count, 40);
    ck_assert_uint_eq(branches[39].depth, 39);
    branch_text(39, branches[39].lines, 99, text);
    ck_assert_uint_eq(strlen(text), 2 * BRANCH_DEPTH_MAX);
    ck_assert_str_eq(branch_text(39, branches[39].lines, 2, text), "  `-");
    free(branches);
    ck_assert_str_eq(branch_text(3, 4, 2, text), "  |-"); /* its own, not that of the depth shown */
    ck_assert_str_eq(branch_text(3, 1, 2, text), "| `-");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("branches");
    TCase *tc = tcase_create("branches");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_order);
    tcase_add_test(tc, test_one_lab);
    tcase_add_test(tc, test_deep);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
