// From code lengths to lookup tables (RFC 1951, 3.2.2).
#include "deflate_block.h"
#include "entries.h"
#include "tables.h"

const uint16_t deflate_length_base[29] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
    35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
const uint8_t deflate_length_extra[29] = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
const uint16_t deflate_distance_base[30] = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
    257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
const uint8_t deflate_distance_extra[30] = {
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
    7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

/// An entry without its code's length.
static uint32_t meaning(enum table_kind kind, unsigned symbol) {
    if (kind == TABLE_LENGTHS) return symbol << 16;
    if (kind == TABLE_DISTANCES) {
        if (symbol >= 30) return ENTRY_SPECIAL | ENTRY_INVALID;
        return (uint32_t)deflate_distance_base[symbol] << 16 | deflate_distance_extra[symbol];
    }
    if (symbol < 256) return ENTRY_LITERAL | symbol << 16;
    if (symbol == 256) return ENTRY_SPECIAL | ENTRY_END;
    if (symbol >= 286) return ENTRY_SPECIAL | ENTRY_INVALID;
    return (uint32_t)deflate_length_base[symbol - 257] << 16 | deflate_length_extra[symbol - 257];
}

/// An entry of a code whose last `bits` bits index its table.
ALWAYS_INLINE uint32_t with_bits(uint32_t entry, unsigned bits) {
    return entry + (bits << 8) + bits;
}

/// The next code of `bits` bits, both with the first bit lowest: adds one at the high end.
ALWAYS_INLINE unsigned following(unsigned code, unsigned bits) {
    unsigned zeros = code ^ ((1u << bits) - 1);
    if (zeros == 0) return code;
    unsigned highest = 1u << (31 - __builtin_clz(zeros));
    return (code & (highest - 1)) | highest;
}

int deflate_build_table(
    uint32_t *table, unsigned room, unsigned main_bits, enum table_kind kind,
    const uint8_t *lengths, unsigned count) {
    unsigned of_length[16] = {0};
    unsigned start[16];
    uint16_t sorted[288];
    for (unsigned symbol = 0; symbol < count; symbol++) of_length[lengths[symbol]]++;
    unsigned used = 0;
    int left = 1;
    for (unsigned bits = 1; bits < 16; bits++) {
        start[bits] = used;
        used += of_length[bits];
        left = left * 2 - (int)of_length[bits];
        if (left < 0) return -1;
    }
    const uint32_t none = ENTRY_SPECIAL | ENTRY_INVALID | 1 << 8 | 1;
    if (left > 0) {
        // As zlib: no code at all, or a single one of one bit; never for the lengths themselves.
        if (used > 0 && (kind == TABLE_LENGTHS || used != 1 || of_length[1] != 1)) return -1;
        for (unsigned index = 0; index < 1u << main_bits; index++) table[index] = none;
        for (unsigned symbol = 0; symbol < count; symbol++) {
            if (lengths[symbol] == 0) continue;
            uint32_t entry = with_bits(meaning(kind, symbol), 1);
            for (unsigned index = 0; index < 1u << main_bits; index += 2) table[index] = entry;
        }
        return 0;
    }
    for (unsigned symbol = 0; symbol < count; symbol++) {
        if (lengths[symbol] > 0) sorted[start[lengths[symbol]]++] = (uint16_t)symbol;
    }

    // Codes that fit the main table: each length doubles what is there and adds its own.
    unsigned code = 0;
    unsigned next = 0;
    unsigned size = 1;
    table[0] = none;
    unsigned bits = 1;
    for (; bits <= main_bits; bits++) {
        memcpy(table + size, table, size * sizeof *table);
        size *= 2;
        for (unsigned number = of_length[bits]; number > 0; number--) {
            table[code] = with_bits(meaning(kind, sorted[next++]), bits);
            code = following(code, bits);
        }
    }
    // Longer ones share a second table where their first `main_bits` bits are the same.
    unsigned free_place = 1u << main_bits;
    unsigned prefix = ~0u;
    unsigned place = 0;
    unsigned place_bits = 0;
    for (; bits < 16; bits++) {
        for (unsigned number = of_length[bits]; number > 0; number--) {
            unsigned head = code & ((1u << main_bits) - 1);
            if (head != prefix) {
                prefix = head;
                place_bits = bits - main_bits;
                unsigned filled = number;
                while (filled < 1u << place_bits && main_bits + place_bits < 15) {
                    place_bits++;
                    filled = filled * 2 + of_length[main_bits + place_bits];
                }
                place = free_place;
                free_place += 1u << place_bits;
                if (free_place > room) return -1;
                table[head] =
                    ENTRY_SPECIAL | ENTRY_LINK | place << 16 | place_bits << 8 | main_bits;
            }
            uint32_t entry = with_bits(meaning(kind, sorted[next++]), bits - main_bits);
            for (unsigned index = code >> main_bits; index < 1u << place_bits;
                 index += 1u << (bits - main_bits)) {
                table[place + index] = entry;
            }
            code = following(code, bits);
        }
    }
    return 0;
}
