// What a table entry means. One 32-bit word:
//
//   bits 0…7    bits to drop: the code's (the rest of it, in a second table) and its extra bits
//   bits 8…11   the code's bits alone; for a link to a second table: how many bits index that
//   bit  12     link to a second table
//   bit  13     end of block
//   bit  14     no such code
//   bit  15     any of these three
//   bits 16…30  literal, base length, base distance, or the second table's place
//   bit  31     literal
#ifndef DEFLATE_ENTRIES_H
#define DEFLATE_ENTRIES_H

#include "bits.h"

#define ENTRY_LINK 0x1000u
#define ENTRY_END 0x2000u
#define ENTRY_INVALID 0x4000u
#define ENTRY_SPECIAL 0x8000u
#define ENTRY_LITERAL 0x80000000u

ALWAYS_INLINE unsigned entry_drop(uint32_t entry) { return entry & 0xFF; }
ALWAYS_INLINE unsigned entry_code_bits(uint32_t entry) { return (entry >> 8) & 0xF; }
ALWAYS_INLINE unsigned entry_value(uint32_t entry) { return (entry >> 16) & 0x7FFF; }

/// Base plus extra bits; `bits` as they were before the entry's were dropped.
ALWAYS_INLINE unsigned entry_sum(uint32_t entry, uint64_t bits) {
    return entry_value(entry)
        + (unsigned)(low_bits(bits, entry_drop(entry)) >> entry_code_bits(entry));
}

/// RFC 1951, 3.2.5; symbols 286 and 287, 30 and 31 do not occur in valid streams.
extern const uint16_t deflate_length_base[29];
extern const uint8_t deflate_length_extra[29];
extern const uint16_t deflate_distance_base[30];
extern const uint8_t deflate_distance_extra[30];

#endif
