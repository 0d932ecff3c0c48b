#include "digest_sha256.h"

#include <string.h>

void digest_sha256_start(struct digest_sha256 *stream) {
    // FIPS 180-4, 5.3.3.
    static const uint32_t first[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(stream->state, first, sizeof first);
    stream->count = 0;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

// FIPS 180-4, 4.2.2.
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The state as the instructions want it (Intel, "SHA Extensions"): A, B, E, F and C, D, G, H.
struct lanes {
    __m128i abef;
    __m128i cdgh;
    /// The last sixteen words of the message schedule.
    __m128i words[4];
};

WITH_SHA static inline __attribute__((always_inline)) void load(
    struct lanes *lanes, const uint32_t state[8]) {
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xB1);
    __m128i efgh =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1B);
    lanes->abef = _mm_alignr_epi8(cdab, efgh, 8);
    lanes->cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
}

WITH_SHA static inline __attribute__((always_inline)) void store(
    const struct lanes *lanes, uint32_t state[8]) {
    __m128i feba = _mm_shuffle_epi32(lanes->abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(lanes->cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/// The block's words, which are big-endian.
WITH_SHA static inline __attribute__((always_inline)) void take(
    struct lanes *lanes, const uint8_t *block) {
    const __m128i flip = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    for (int index = 0; index < 4; index++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * index));
        lanes->words[index] = _mm_shuffle_epi8(bytes, flip);
    }
}

/// Four rounds.
WITH_SHA static inline __attribute__((always_inline)) void turn(struct lanes *lanes, int step) {
    __m128i *words = lanes->words;
    if (step >= 4) {
        __m128i last = words[(step + 3) & 3];
        __m128i sum = _mm_sha256msg1_epu32(words[step & 3], words[(step + 1) & 3]);
        sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, words[(step + 2) & 3], 4));
        words[step & 3] = _mm_sha256msg2_epu32(sum, last);
    }
    __m128i keys = _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * step));
    __m128i message = _mm_add_epi32(words[step & 3], keys);
    lanes->cdgh = _mm_sha256rnds2_epu32(lanes->cdgh, lanes->abef, message);
    lanes->abef =
        _mm_sha256rnds2_epu32(lanes->abef, lanes->cdgh, _mm_shuffle_epi32(message, 0x0E));
}

/// Whole blocks of up to two streams, which take turns.
WITH_SHA static inline __attribute__((always_inline)) void run(
    int streams, uint32_t *const states[], const uint8_t *const blocks[], size_t count) {
    struct lanes lanes[2];
    for (int index = 0; index < streams; index++) load(&lanes[index], states[index]);
    for (size_t block = 0; block < count; block++) {
        __m128i abef[2], cdgh[2];
        for (int index = 0; index < streams; index++) {
            take(&lanes[index], blocks[index] + 64 * block);
            abef[index] = lanes[index].abef;
            cdgh[index] = lanes[index].cdgh;
        }
#pragma clang loop unroll(full)
        for (int step = 0; step < 16; step++) {
            for (int index = 0; index < streams; index++) turn(&lanes[index], step);
        }
        for (int index = 0; index < streams; index++) {
            lanes[index].abef = _mm_add_epi32(lanes[index].abef, abef[index]);
            lanes[index].cdgh = _mm_add_epi32(lanes[index].cdgh, cdgh[index]);
        }
    }
    for (int index = 0; index < streams; index++) store(&lanes[index], states[index]);
}

WITH_SHA static void run_one(struct digest_sha256 *one, const uint8_t *bytes, size_t blocks) {
    run(1, (uint32_t *const[]){one->state}, (const uint8_t *const[]){bytes}, blocks);
}

WITH_SHA static void run_two(
    struct digest_sha256 *one, const uint8_t *bytes_one, struct digest_sha256 *two,
    const uint8_t *bytes_two, size_t blocks) {
    run(2, (uint32_t *const[]){one->state, two->state},
        (const uint8_t *const[]){bytes_one, bytes_two}, blocks);
}

int digest_sha256_available(void) {
    // CPUID, leaf 7, EBX bit 29: "sha" is unknown to older compilers' __builtin_cpu_supports.
    unsigned int a = 0, b = 0, c = 0, d = 0;
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
    if (a < 7) return 0;
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    return (b >> 29 & 1) && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}
#else
int digest_sha256_available(void) { return 0; }
static void run_one(struct digest_sha256 *one, const uint8_t *bytes, size_t blocks) {
    (void)one, (void)bytes, (void)blocks;
}
static void run_two(
    struct digest_sha256 *one, const uint8_t *bytes_one, struct digest_sha256 *two,
    const uint8_t *bytes_two, size_t blocks) {
    (void)one, (void)bytes_one, (void)two, (void)bytes_two, (void)blocks;
}
#endif

/// Completes the block that was begun, where there is enough; says how many bytes were taken.
static size_t complete(struct digest_sha256 *stream, const uint8_t *bytes, size_t count) {
    size_t filled = stream->count & 63;
    if (filled == 0) return 0;
    size_t taken = 64 - filled < count ? 64 - filled : count;
    memcpy(stream->rest + filled, bytes, taken);
    stream->count += taken;
    if (filled + taken == 64) run_one(stream, stream->rest, 1);
    return taken;
}

void digest_sha256_update(struct digest_sha256 *stream, const uint8_t *bytes, size_t count) {
    if (count == 0) return;
    size_t taken = complete(stream, bytes, count);
    bytes += taken;
    count -= taken;
    run_one(stream, bytes, count / 64);
    // Less than a block is left, and only where none was begun.
    memcpy(stream->rest, bytes + count / 64 * 64, count & 63);
    stream->count += count;
}

void digest_sha256_update_two(
    struct digest_sha256 *one, const uint8_t *bytes_one, struct digest_sha256 *two,
    const uint8_t *bytes_two, size_t count) {
    size_t taken_one = complete(one, bytes_one, count);
    size_t taken_two = complete(two, bytes_two, count);
    size_t most = taken_one > taken_two ? taken_one : taken_two;
    size_t common = (count - most) / 64;
    if (common > 0) {
        run_two(one, bytes_one + taken_one, two, bytes_two + taken_two, common);
        one->count += common * 64;
        two->count += common * 64;
        taken_one += common * 64;
        taken_two += common * 64;
    }
    digest_sha256_update(one, bytes_one + taken_one, count - taken_one);
    digest_sha256_update(two, bytes_two + taken_two, count - taken_two);
}

void digest_sha256_finish(const struct digest_sha256 *stream, uint8_t digest[32]) {
    struct digest_sha256 last = *stream;
    uint8_t tail[128] = {0x80};
    size_t filled = stream->count & 63;
    size_t padding = (filled < 56 ? 56 : 120) - filled;
    uint64_t bits = stream->count * 8;
    for (int index = 0; index < 8; index++) {
        tail[padding + (size_t)index] = (uint8_t)(bits >> (56 - 8 * index));
    }
    digest_sha256_update(&last, tail, padding + 8);
    for (int index = 0; index < 32; index++) {
        digest[index] = (uint8_t)(last.state[index / 4] >> (24 - 8 * (index % 4)));
    }
}
