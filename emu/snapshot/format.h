/*
 * The files of a snapshot store, byte by byte. All numbers are little-endian; private to
 * emu/snapshot.
 *
 *   DIR/lock                  empty; flock() on it: exclusive to write, shared to read
 *   DIR/packs/ID.pack         the new objects of one save
 *   DIR/nodes/ID.node         one snapshot; ID is its id, 16 hex digits
 *   NAME.PID-RANDOM.tmp       beside NAME: being written, or left by a process that was killed
 *
 * A file never changes under its name: it is replaced as a whole, or removed. A pack comes before
 * the node that needs it, and goes after the last of these.
 *
 * Where bytes are compressed, two sizes tell how: stored < plain is a zstd frame, stored == plain
 * is as it was.
 *
 * PACK = header, records, table of contents, footer, nothing more
 *   header, 24 bytes
 *     offset  size  description
 *          0     8  magic: "vlabpck" and a newline
 *          8     4  version, 1
 *         12     4  reserved, 0
 *         16     8  XXH3-64 of bytes 0 to 15
 *   record, 40 + N bytes
 *          0     8  magic: "vlabobj" and a newline
 *          8     4  stored size in bytes, N, 1 to the plain size
 *         12     4  plain size in bytes, 1 to 65536
 *         16    16  id: XXH3-128 of the plain bytes, not all zero
 *         32     8  XXH3-64 of bytes 40 to 39+N, its seed the XXH3-64 of bytes 0 to 31
 *         40     N  the bytes, stored
 *   table of contents, 32 bytes for each record
 *          0    16  id
 *         16     8  where the record begins in the file
 *         24     4  stored size
 *         28     4  plain size
 *   footer, 40 bytes
 *          0     8  where the table begins in the file
 *          8     8  its entries
 *         16     8  XXH3-64 of the table
 *         24     8  XXH3-64 of bytes 0 to 23
 *         32     8  magic: "vlabend" and a newline
 *
 * The table only saves time: without it the records are found by their magic and checksum.
 *
 * NODE = header, state, lists, nothing more
 *   header, 760 bytes
 *          0     8  magic: "vlabnod" and a newline
 *          8     4  version, 1
 *         12     4  bit 0: has_ram; other bits 0
 *         16    16  id, hex digits
 *         32    16  parent, hex digits, or all NUL: a root
 *         48     8  created, seconds since 1970
 *         56     8  exits
 *         64     8  instructions
 *         72     8  RAM of the machine in bytes
 *         80     4  leaves of the list of RAM
 *         84     4  leaves of the list of the disk
 *         88     4  state, plain size, up to 16 MiB
 *         92     4  state, stored size
 *         96     4  lists, stored size; the plain one follows from their lengths
 *        100     4  reserved, 0
 *        104    64  lab: UTF-8 without control characters, filled up with NUL, at least one
 *        168    64  name, the same way
 *        232   512  note, the same way
 *        744     8  XXH3-64 of everything behind the header
 *        752     8  XXH3-64 of bytes 0 to 751
 *   state: opaque, stored
 *   lists: 16 bytes for each leaf, RAM and then disk, stored
 *
 * A LEAF is an object: the ids of up to 64 pages of 4 KiB, 16 bytes each.
 *
 * EXPORT = header, objects, nodes, end, nothing more
 *   header, 24 bytes: as a pack's, its magic "vlabexp" and a newline
 *   objects: records as in a pack, no id twice
 *   nodes: node files as they are, no id twice
 *   end, 40 bytes
 *          0     8  magic: "vlabend" and a newline
 *          8     8  objects
 *         16     8  nodes
 *         24     8  XXH3-64 of everything before the end
 *         32     8  XXH3-64 of bytes 0 to 31 of the end
 */
#ifndef VLAB_SNAPSHOT_FORMAT_H
#define VLAB_SNAPSHOT_FORMAT_H

#define FORMAT_VERSION 1u
#define MAGIC_SIZE 8u
#define PACK_MAGIC "vlabpck\n"
#define OBJECT_MAGIC "vlabobj\n"
#define NODE_MAGIC "vlabnod\n"
#define EXPORT_MAGIC "vlabexp\n"
#define END_MAGIC "vlabend\n"

#define FILE_HEAD_SIZE 24u
#define RECORD_HEAD_SIZE 40u
#define RECORD_SUM_AT 32
#define TOC_ENTRY_SIZE 32u
#define PACK_FOOT_SIZE 40u
#define EXPORT_END_SIZE 40u

#define NODE_HEAD_SIZE 760u
#define NODE_LAB_AT 104
#define NODE_NAME_AT 168
#define NODE_NOTE_AT 232
#define NODE_PAYLOAD_SUM_AT 744
#define NODE_HEAD_SUM_AT 752

#define PACK_SUFFIX ".pack"
#define NODE_SUFFIX ".node"

#endif
