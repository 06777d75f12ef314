/*
 * The trace file, byte by byte. All numbers are little-endian; private to emu/trace.
 *
 *   file  = header, record block..., end block, nothing more
 *   block = 8 bytes of head, payload, 8 bytes of checksum
 *
 * HEADER, 128 bytes
 *   offset  size  description
 *        0     8  magic: "vlabtrc" and a newline
 *        8     4  version of the format, 2
 *       12     4  size of a record in bytes, 128
 *       16     8  RAM of the machine in bytes
 *       24    64  lab or image: printable ASCII, filled up with NUL, at least one
 *       88    16  backend, the same way
 *      104    16  reserved, 0
 *      120     8  XXH3-64 of bytes 0 to 119
 *
 * BLOCK
 *   offset  size  description
 *        0     4  kind: 1 records, 2 end
 *        4     4  size of the payload in bytes, N
 *        8     N  payload: 1 to 512 records, or the end
 *      8+N     8  XXH3-64 of bytes 0 to 7+N, its seed the block's position in the file: a block
 *                 that was moved, doubled or left out is a damaged one
 *
 * END, 32 bytes
 *   offset  size  description
 *        0     8  exits since the machine was created
 *        8     8  instructions retired since then
 *       16     4  why the run stopped, enum stop_reason
 *       20     4  status of debug-exit
 *       24     8  records in the file
 *
 * RECORD, 128 bytes: a struct vm_exit, field by field
 *   offset  size  field              offset  size  field
 *        0     8  seq                    64     4  msr
 *        8     8  insns                  68     4  reason
 *       16     8  rip                    72     4  native
 *       24     8  cs_base                76     4  intr_info
 *       32     8  qualification          80     4  intr_error
 *       40     8  guest_linear           84     4  idt_vectoring
 *       48     8  guest_physical         88     4  idt_error
 *       56     8  value                  92     4  cost
 *       96     2  selector              101     1  cpl, 0..3
 *       98     1  has                   102     1  vcpu
 *       99     1  source                103     1  insn_len, 0..15
 *      100     1  mode                  104    15  insn
 *                                       119     1  bits 2:0 cause, 7:3 raised
 *      120     4  insn_info             124     4  owned
 */
#ifndef VLAB_TRACE_FORMAT_H
#define VLAB_TRACE_FORMAT_H

#include "core/exit.h"

#include <stdbool.h>
#include <stdint.h>

#define TRACE_MAGIC "vlabtrc\n"
#define TRACE_MAGIC_SIZE 8
#define TRACE_VERSION 2u
#define TRACE_HEADER_SIZE 128u
#define TRACE_IMAGE_AT 24
#define TRACE_IMAGE_SIZE 64
#define TRACE_BACKEND_AT 88
#define TRACE_BACKEND_SIZE 16
#define TRACE_HEADER_SUM_AT 120

#define TRACE_BLOCK_RECORDS 1u
#define TRACE_BLOCK_END 2u
#define TRACE_HEAD_SIZE 8u
#define TRACE_SUM_SIZE 8u
#define TRACE_END_SIZE 32u

#define TRACE_RECORD_SIZE 128u
#define TRACE_BLOCK_RECORDS_MAX 512u
#define TRACE_PAYLOAD_MAX (TRACE_BLOCK_RECORDS_MAX * TRACE_RECORD_SIZE)
#define TRACE_BLOCK_SIZE_MAX (TRACE_HEAD_SIZE + TRACE_PAYLOAD_MAX + TRACE_SUM_SIZE)

/* `p`: TRACE_RECORD_SIZE bytes. */
void trace_record_put(uint8_t *p, const struct vm_exit *exit);

/* False when a field holds what no exit can: the file was not written by this program. */
bool trace_record_get(const uint8_t *p, struct vm_exit *exit);

#endif
