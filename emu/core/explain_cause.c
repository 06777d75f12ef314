/* What made the CPU leave, in words: a control by its name, field and bit. See explain.h. */
#include "core/explain_parts.h"

void add_control_on(struct text *t, const struct control_name *control)
{
    if (control)
        text_add(t, "%s (bit %u, %s controls) is on", control->name, control_bit(control),
                 control_field_name(control->field));
}
