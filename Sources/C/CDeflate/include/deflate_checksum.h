#ifndef DEFLATE_CHECKSUM_H
#define DEFLATE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// The CRC-32 of RFC 1952 over `count` bytes, continued from `crc` (0 at the start).
uint32_t deflate_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
