/* vlab hint: the hints of an exercise, one more with each call; those that were given are told again. */
#include "cli/course_verb.h"
#include "course/hints.h"
#include "course/work.h"

#include <stdio.h>

/* What the three tiers are. */
static const char *const tiers[EXERCISE_HINTS] = {"the concept", "the place", "nearly the code"};

static void print_hints(const struct exercise *exercise, unsigned given, bool all)
{
    for (unsigned i = 0; i < given && i < EXERCISE_HINTS; i++)
        printf("hint %u of %d, %s: %s\n", i + 1, EXERCISE_HINTS, tiers[i], exercise->hints[i]);
    if (all)
        printf("There are no more. The solution with its reasons: solutions/%s\n",
               exercise->folder);
}

static json_t *hints_json(const struct exercise *exercise, unsigned given)
{
    json_t *hints = json_array();

    for (unsigned i = 0; i < given; i++)
        json_array_append_new(hints, json_string(exercise->hints[i]));
    return json_pack("{s:s, s:i, s:i, s:o}", "exercise", exercise->folder, "given", (int)given,
                     "of", EXERCISE_HINTS, "hints", hints);
}

static int hint(const struct course *course, const char *name, bool json, struct error *err)
{
    const struct exercise *exercise;
    char state_dir[COURSE_PATH_MAX];
    unsigned before, given;
    int ret = course_find_exercise(course, name, &exercise, err);

    if (!ret)
        ret = course_state_dir(state_dir, err);
    if (ret)
        return ret;
    before = hints_given(state_dir, exercise);
    ret = hints_give(state_dir, exercise, &given, err);
    if (ret)
        return ret;
    if (json)
        print_json(hints_json(exercise, given));
    else
        print_hints(exercise, given, before == EXERCISE_HINTS);
    return 0;
}

static int run(int argc, char **argv)
{
    return course_verb(&verb_hint, argc, argv, "which exercise?", hint);
}

const struct verb verb_hint = {
    .name = "hint",
    .arguments = "EXERCISE [--json]",
    .summary = "the next hint of an exercise",
    .help =
        "An exercise has three: the concept, the place, nearly the code. Each call gives one more\n"
        "and tells those again that were given. 'vlab reset EXERCISE --progress' forgets them.\n",
    .run = run,
};
