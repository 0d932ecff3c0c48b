// Block headers (RFC 1951, 3.2.3, 3.2.7). What is refused, and the order of the checks, are zlib's.
#include "deflate_block.h"
#include "entries.h"
#include "tables.h"

static enum deflate_error read_stored(
    struct deflate_block *block, const uint8_t *in, uint64_t *bit) {
    uint64_t start = (*bit + 7) & ~UINT64_C(7);
    uint64_t words = bits_at(in, start);
    *bit = start + 32;
    block->stored = words & 0xFFFF;
    if (block->stored != (~(words >> 16) & 0xFFFF)) return DEFLATE_BAD_STORED_LENGTH;
    return DEFLATE_FINE;
}

static enum deflate_error use_fixed(struct deflate_block *block) {
    block->literal_count = 288;
    block->distance_count = 32;
    if (block->is_fixed) return DEFLATE_FINE;
    for (int symbol = 0; symbol < 288; symbol++) {
        block->lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    }
    memset(block->lengths + 288, 5, 32);
    block->is_fixed = 1;
    deflate_build_table(
        block->literals, DEFLATE_LITERAL_ENTRIES, DEFLATE_LITERAL_BITS, TABLE_LITERALS,
        block->lengths, 288);
    deflate_build_table(
        block->distances, DEFLATE_DISTANCE_ENTRIES, DEFLATE_DISTANCE_BITS, TABLE_DISTANCES,
        block->lengths + 288, 32);
    return DEFLATE_FINE;
}

/// The lengths of both codes, which are themselves encoded.
static enum deflate_error read_lengths(
    struct deflate_block *block, const uint32_t *table, const uint8_t *in, uint64_t *bit) {
    unsigned total = block->literal_count + block->distance_count;
    unsigned have = 0;
    while (have < total) {
        uint64_t bits = bits_at(in, *bit);
        uint32_t entry = table[low_bits(bits, 7)];
        unsigned symbol = entry_value(entry);
        bits >>= entry_drop(entry);
        *bit += entry_drop(entry);
        if (symbol < 16) {
            block->lengths[have++] = (uint8_t)symbol;
            continue;
        }
        unsigned extra = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
        unsigned repeat = (unsigned)low_bits(bits, extra) + (symbol == 18 ? 11 : 3);
        *bit += extra;
        if (symbol == 16 && have == 0) return DEFLATE_BAD_REPEAT;
        if (have + repeat > total) return DEFLATE_BAD_REPEAT;
        memset(block->lengths + have, symbol == 16 ? block->lengths[have - 1] : 0, repeat);
        have += repeat;
    }
    return DEFLATE_FINE;
}

static enum deflate_error read_dynamic(
    struct deflate_block *block, const uint8_t *in, uint64_t *bit) {
    static const uint8_t order[19] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint64_t bits = bits_at(in, *bit);
    *bit += 14;
    block->is_fixed = 0;
    block->literal_count = 257 + (bits & 31);
    block->distance_count = 1 + (bits >> 5 & 31);
    unsigned count = 4 + (bits >> 10 & 15);
    if (block->literal_count > 286 || block->distance_count > 30) return DEFLATE_BAD_SYMBOL_COUNT;
    uint8_t lengths[19] = {0};
    for (unsigned index = 0; index < count; index++, *bit += 3) {
        lengths[order[index]] = bits_at(in, *bit) & 7;
    }
    uint32_t table[128];
    if (deflate_build_table(table, 128, 7, TABLE_LENGTHS, lengths, 19) != 0) {
        return DEFLATE_BAD_LENGTH_CODE;
    }
    enum deflate_error error = read_lengths(block, table, in, bit);
    if (error != DEFLATE_FINE) return error;
    if (block->lengths[256] == 0) return DEFLATE_NO_END_OF_BLOCK;
    // The distances get a fixed place, after the largest set of literals.
    unsigned literals = block->literal_count;
    memmove(block->lengths + 288, block->lengths + literals, block->distance_count);
    memset(block->lengths + literals, 0, 288 - literals);
    memset(block->lengths + 288 + block->distance_count, 0, 32 - block->distance_count);
    if (deflate_build_table(
            block->literals, DEFLATE_LITERAL_ENTRIES, DEFLATE_LITERAL_BITS, TABLE_LITERALS,
            block->lengths, literals) != 0) {
        return DEFLATE_BAD_LITERAL_CODE;
    }
    if (deflate_build_table(
            block->distances, DEFLATE_DISTANCE_ENTRIES, DEFLATE_DISTANCE_BITS, TABLE_DISTANCES,
            block->lengths + 288, block->distance_count) != 0) {
        return DEFLATE_BAD_DISTANCE_CODE;
    }
    return DEFLATE_FINE;
}

enum deflate_error deflate_read_header(
    struct deflate_block *block, const uint8_t *in, uint64_t *bit) {
    uint64_t bits = bits_at(in, *bit);
    *bit += 3;
    block->is_last = bits & 1;
    block->type = bits >> 1 & 3;
    switch (block->type) {
    case 0: return read_stored(block, in, bit);
    case 1: return use_fixed(block);
    case 2: return read_dynamic(block, in, bit);
    default: return DEFLATE_BAD_TYPE;
    }
}
