// Compares CDeflate's inflater with zlib's on broken streams: the same bytes, or both refuse.
//
// Every buffer is allocated anew and no larger than the interface asks for, so that AddressSanitizer
// sees each byte read or written too far. Usage: deflate-fuzz CASES [FIRST-SEED]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "CDeflate.h"

static uint64_t state;

static uint64_t any(void) {
    state += 0x9E3779B97F4A7C15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static size_t below(size_t count) { return count ? (size_t)(any() % count) : 0; }

enum { MOST_RAW = 1 << 20 };
static uint8_t raw[MOST_RAW], packed[MOST_RAW], wanted[MOST_RAW], found[MOST_RAW];

static size_t make_raw(void) {
    static const size_t reaches[] = {10, 300, 5000, 60000};
    size_t count = below(reaches[below(4)]) + 1;
    size_t place = 0;
    while (place < count) {
        size_t length = below(200) + 1;
        if (length > count - place) length = count - place;
        size_t kind = below(4);
        size_t from = place ? below(place) : 0;
        for (size_t index = 0; index < length; index++, place++) {
            raw[place] = kind == 0 ? 0 : kind == 1 ? (uint8_t)any()
                : kind == 2 || from == place ? (uint8_t)('a' + below(12)) : raw[from++];
        }
    }
    return count;
}

static size_t make_packed(size_t count) {
    z_stream stream = {0};
    static const int strategies[] = {
        Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    deflateInit2(
        &stream, (int)below(10), Z_DEFLATED, -(int)(9 + below(7)), (int)(1 + below(9)),
        strategies[below(5)]);
    stream.next_out = packed;
    stream.avail_out = MOST_RAW;
    stream.next_in = raw;
    for (size_t place = 0; place < count;) {
        size_t part = below(4) ? count - place : below(count - place) + 1;
        stream.avail_in = (uInt)part;
        place += part;
        deflate(&stream, place == count ? Z_FINISH : (int)(1 + below(3)));
    }
    size_t size = stream.total_out;
    deflateEnd(&stream);
    return size;
}

static size_t break_packed(size_t size) {
    switch (below(5)) {
    case 0: return below(size + 1);
    case 1:
        for (size_t flips = below(4) + 1; flips > 0; flips--) {
            packed[below(size)] ^= (uint8_t)(1 << below(8));
        }
        return size;
    case 2:
        // Headers are where most can go wrong.
        for (size_t flips = below(3) + 1; flips > 0; flips--) {
            packed[below(size < 60 ? size : 60)] ^= (uint8_t)(1 << below(8));
        }
        return size;
    case 3:
        size = below(600) + 1;
        for (size_t index = 0; index < size; index++) packed[index] = (uint8_t)any();
        // Any type but 3.
        packed[0] = (uint8_t)((packed[0] & ~6) | below(3) << 1);
        return size;
    default: return size;
    }
}

/// 1 where zlib reads the stream to its end.
static int inflate_theirs(size_t size, size_t *out, size_t *used) {
    z_stream stream = {0};
    inflateInit2(&stream, -15);
    stream.next_in = packed;
    stream.avail_in = (uInt)size;
    stream.next_out = wanted;
    stream.avail_out = MOST_RAW;
    int status = inflate(&stream, Z_FINISH);
    *out = stream.total_out;
    *used = size - stream.avail_in;
    inflateEnd(&stream);
    return status == Z_STREAM_END ? 1 : stream.avail_out == 0 ? -1 : 0;
}

static int inflate_ours(size_t size, size_t *out, size_t *used) {
    struct deflate_inflater stream;
    memset(&stream, 0xEE, sizeof stream);
    deflate_start(&stream, 0);
    size_t fed = below(2) ? size : below(size + 1);
    *out = 0;
    for (int idle = 0; idle < 10000; idle++) {
        size_t start = (size_t)(stream.position / 8);
        int is_end = fed == size;
        size_t padding = is_end ? DEFLATE_HEADER_BYTES + 64 : DEFLATE_INPUT_PADDING;
        uint8_t *in = malloc(fed - start + padding);
        memset(in, is_end ? 0 : 0xA5, fed - start + padding);
        memcpy(in, packed + start, fed - start);
        size_t held = *out < DEFLATE_WINDOW_BYTES ? *out : DEFLATE_WINDOW_BYTES;
        size_t room = below(3) ? below(300) : 100000;
        uint8_t *tape = malloc(held + room + DEFLATE_OUTPUT_SLACK);
        memcpy(tape, found + *out - held, held);
        uint8_t *next = tape + held;
        enum deflate_event event = deflate_inflate(
            &stream, in, fed - start, start, is_end, tape, &next, tape + held + room);
        size_t produced = (size_t)(next - tape) - held;
        if (event == DEFLATE_FAILED) produced = 0;
        if (*out + produced > MOST_RAW) produced = MOST_RAW - *out;
        memcpy(found + *out, tape + held, produced);
        *out += produced;
        free(tape);
        free(in);
        *used = (size_t)((stream.position + 7) / 8);
        if (event == DEFLATE_STREAM_ENDED) return 1;
        if (event == DEFLATE_FAILED) return 0;
        if (*out >= MOST_RAW) return -1;
        if (event == DEFLATE_WANTS_INPUT) {
            size_t more = below(2) ? 700 : below(3000) + 1;
            fed = more > size - fed ? size : fed + more;
        }
        if (produced > 0 || event != DEFLATE_WANTS_OUTPUT) idle = 0;
    }
    return -2;
}

int main(int count, char **arguments) {
    uint64_t cases = count > 1 ? strtoull(arguments[1], 0, 10) : 1000;
    uint64_t first = count > 2 ? strtoull(arguments[2], 0, 10) : 1;
    uint64_t accepted = 0;
    for (uint64_t seed = first; seed < first + cases; seed++) {
        state = seed * 0x9E3779B97F4A7C15;
        size_t size = break_packed(make_packed(make_raw()));
        size_t out_theirs, out_ours, used_theirs, used_ours;
        int theirs = inflate_theirs(size, &out_theirs, &used_theirs);
        int ours = inflate_ours(size, &out_ours, &used_ours);
        if (theirs < 0) continue;
        accepted += theirs == 1;
        int is_same = theirs == ours;
        if (is_same && theirs) {
            is_same = out_theirs == out_ours && used_theirs == used_ours
                && memcmp(wanted, found, out_ours) == 0;
        }
        if (!is_same) {
            printf(
                "seed %llu: zlib says %d with %zu bytes of %zu, CDeflate %d with %zu of %zu\n",
                (unsigned long long)seed, theirs, out_theirs, used_theirs, ours, out_ours,
                used_ours);
            return 1;
        }
    }
    printf(
        "%llu streams, %llu of them valid, all judged alike\n", (unsigned long long)cases,
        (unsigned long long)accepted);
    return 0;
}
