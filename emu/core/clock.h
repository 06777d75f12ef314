/*
 * Virtual time, in nanoseconds since the machine was created.
 *
 * One instruction takes one nanosecond, and a CPU that waits in HLT sleeps to the next thing that a
 * device has due. So time depends on nothing but what the guest did, and a run repeats exactly. The
 * time stamp counter counts the same nanoseconds: 1 GHz. On a real CPU, which does not count instructions,
 * the time that it runs is the host's.
 */
#ifndef VLAB_CORE_CLOCK_H
#define VLAB_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

#define CLOCK_HZ 1000000000u

uint64_t clock_now(const struct machine *m);

/* When the next device has something due, ns; DEVICE_NEVER. */
uint64_t clock_deadline(const struct machine *m);

/* Call tick() of every device whose deadline has come, in the order of their deadlines. */
void clock_tick(struct machine *m);

/* Let the time until the next deadline pass at once. False when nothing will ever be due. */
bool clock_sleep(struct machine *m);

#endif
