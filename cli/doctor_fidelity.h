/* What the emulated CPU does otherwise than a real one, for vlab doctor. */
#ifndef VLAB_CLI_DOCTOR_FIDELITY_H
#define VLAB_CLI_DOCTOR_FIDELITY_H

#include <stdbool.h>

/* Print the list on standard output, in lines or as one JSON object; returns CLI_OK. */
int doctor_fidelity(bool json);

#endif
