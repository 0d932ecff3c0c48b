// CRC-32 (RFC 1952, 8), by carry-less multiplication where the machine has it.
#include "deflate_checksum.h"

#include "bits.h"

#if defined(__x86_64__)
#include <immintrin.h>

// What four folded lanes of 16 bytes and the rest amount to; the rest is whole lanes.
__attribute__((target("pclmul,sse4.1"))) static uint32_t crc_of_lanes(
    __m128i lane[4], const uint8_t *bytes, size_t count) {
    const __m128i by_64 = _mm_set_epi64x(0x1C6E41596, 0x154442BD4);
    const __m128i by_16 = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);
    for (; count >= 64; bytes += 64, count -= 64) {
        for (int index = 0; index < 4; index++) {
            __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * index));
            __m128i low = _mm_clmulepi64_si128(lane[index], by_64, 0x00);
            __m128i high = _mm_clmulepi64_si128(lane[index], by_64, 0x11);
            lane[index] = _mm_xor_si128(_mm_xor_si128(low, high), next);
        }
    }
    __m128i sum = lane[0];
    for (int index = 1; index < 4; index++) {
        __m128i low = _mm_clmulepi64_si128(sum, by_16, 0x00);
        __m128i high = _mm_clmulepi64_si128(sum, by_16, 0x11);
        sum = _mm_xor_si128(_mm_xor_si128(low, high), lane[index]);
    }
    for (; count >= 16; bytes += 16, count -= 16) {
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)bytes);
        __m128i low = _mm_clmulepi64_si128(sum, by_16, 0x00);
        __m128i high = _mm_clmulepi64_si128(sum, by_16, 0x11);
        sum = _mm_xor_si128(_mm_xor_si128(low, high), next);
    }
    // 128 bits to 64, 64 to 32 (Barrett).
    const __m128i mask = _mm_setr_epi32(-1, 0, -1, 0);
    __m128i part = _mm_clmulepi64_si128(sum, by_16, 0x10);
    sum = _mm_xor_si128(_mm_srli_si128(sum, 8), part);
    part = _mm_srli_si128(sum, 4);
    sum = _mm_clmulepi64_si128(_mm_and_si128(sum, mask), _mm_cvtsi64_si128(0x163CD6124), 0x00);
    sum = _mm_xor_si128(sum, part);
    const __m128i barrett = _mm_set_epi64x(0x1F7011641, 0x1DB710641);
    part = _mm_clmulepi64_si128(_mm_and_si128(sum, mask), barrett, 0x10);
    part = _mm_clmulepi64_si128(_mm_and_si128(part, mask), barrett, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(sum, part), 1);
}

// Folds 64 bytes a step, then 16, as "Fast CRC Computation Using PCLMULQDQ" (Gopal et al., Intel
// 2009) describes; the constants are x^n mod P for the bit-reflected polynomial 0x1DB710641.
__attribute__((target("pclmul,sse4.1"))) static uint32_t crc_by_folding(
    uint32_t crc, const uint8_t *bytes, size_t count) {
    __m128i lane[4];
    for (int index = 0; index < 4; index++) {
        lane[index] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * index));
    }
    lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128((int)crc));
    return crc_of_lanes(lane, bytes + 64, count - 64);
}

// The same, 256 bytes a step; at least as many.
__attribute__((target("vpclmulqdq,avx512f,pclmul,sse4.1"))) static uint32_t crc_by_wide_folding(
    uint32_t crc, const uint8_t *bytes, size_t count) {
    const __m512i by_256 =
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x1322D1430, 0x11542778A));
    const __m512i by_64 = _mm512_broadcast_i32x4(_mm_set_epi64x(0x1C6E41596, 0x154442BD4));
    __m512i wide[4];
    for (int index = 0; index < 4; index++) wide[index] = _mm512_loadu_si512(bytes + 64 * index);
    wide[0] = _mm512_xor_si512(
        wide[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc)));
    bytes += 256;
    count -= 256;
    for (; count >= 256; bytes += 256, count -= 256) {
        for (int index = 0; index < 4; index++) {
            __m512i low = _mm512_clmulepi64_epi128(wide[index], by_256, 0x00);
            __m512i high = _mm512_clmulepi64_epi128(wide[index], by_256, 0x11);
            // 0x96: the exclusive or of three.
            wide[index] = _mm512_ternarylogic_epi64(
                low, high, _mm512_loadu_si512(bytes + 64 * index), 0x96);
        }
    }
    __m512i sum = wide[0];
    for (int index = 1; index < 4; index++) {
        __m512i low = _mm512_clmulepi64_epi128(sum, by_64, 0x00);
        __m512i high = _mm512_clmulepi64_epi128(sum, by_64, 0x11);
        sum = _mm512_ternarylogic_epi64(low, high, wide[index], 0x96);
    }
    __m128i lane[4];
    _mm512_storeu_si512(lane, sum);
    return crc_of_lanes(lane, bytes, count);
}

static int can_fold(void) {
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

static int can_fold_widely(void) {
    return can_fold() && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f");
}
#endif

/// One byte at a time through a table of 16: for the last few bytes, and the reference.
static uint32_t crc_by_nibbles(uint32_t crc, const uint8_t *bytes, size_t count) {
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    for (size_t index = 0; index < count; index++) {
        crc ^= bytes[index];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; bytes += 8, count -= 8) crc = __crc32d(crc, load64(bytes));
    return crc_by_nibbles(crc, bytes, count);
}
#else
static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
    if (count >= 64 && can_fold()) {
        size_t folded = count & ~(size_t)15;
        crc = folded >= 256 && can_fold_widely() ? crc_by_wide_folding(crc, bytes, folded)
                                                 : crc_by_folding(crc, bytes, folded);
        bytes += folded;
        count -= folded;
    }
#endif
    return crc_by_nibbles(crc, bytes, count);
}
#endif

uint32_t deflate_crc32(uint32_t crc, const void *bytes, size_t count) {
    return ~crc_of(~crc, bytes, count);
}
