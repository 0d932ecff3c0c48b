// Deflate (RFC 1951) as deroot needs it: an inflater that reports where each block lies, a splicer
// that changes a few bytes of a stream without encoding it anew, and the CRC-32 of RFC 1952.
// No allocation, no I/O, no global state.
#ifndef CDEFLATE_H
#define CDEFLATE_H

#include "deflate_checksum.h"
#include "deflate_inflate.h"
#include "deflate_splice.h"

#endif
