/* Parts of the devices view: each draws a pane's content and returns its lines. */
#ifndef VLAB_TUI_VIEW_DEVICES_H
#define VLAB_TUI_VIEW_DEVICES_H

#include "tui/view.h"

/* The list, with the selected device; clicks and moves are devices.c's. */
int devices_table(const struct model *model, const struct ui *ui, const struct area *area);
/* The first device that is seen, in `rows` rows of them. */
int devices_first(unsigned selected, int rows);
/* "3f8-3ff", "60, 64": the ranges as far as they fit, "..." for the rest. */
void devices_ranges(const struct device_info *dev, char *buf, size_t size);
/* "in 1,193 us", "due", "never". */
void devices_deadline(const struct device_info *dev, uint64_t now, char *buf, size_t size);

/* Where a device is, what it drives, what it has due, and its registers. */
int devices_registers(const struct device_list *list, const struct device_info *dev,
                      const struct area *area, int scroll);

/* The interrupt lines, from the devices to the CPU's pin. */
int devices_lines(const struct device_list *list, const struct area *area, int scroll);

#endif
