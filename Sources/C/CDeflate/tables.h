#ifndef DEFLATE_TABLES_H
#define DEFLATE_TABLES_H

#include <stdint.h>

enum table_kind { TABLE_LENGTHS, TABLE_LITERALS, TABLE_DISTANCES };

/// Builds a lookup table (entries.h) of `room` entries from `count` code lengths.
///
/// -1 where the code has too many words or too few; zlib's exceptions for the latter hold.
int deflate_build_table(
    uint32_t *table, unsigned room, unsigned main_bits, enum table_kind kind,
    const uint8_t *lengths, unsigned count);

#endif
