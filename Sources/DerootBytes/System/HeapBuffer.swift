/// A fixed run of memory, freed when it goes out of scope.
///
/// For bytes that C reads or writes: unlike an array it never moves and is never copied.
@safe
package struct HeapBuffer: ~Copyable {
    /// The memory; valid as long as the buffer lives.
    package let bytes: UnsafeMutableRawBufferPointer

    /// Allocates `count` bytes, not cleared.
    package init(count: Int) {
        unsafe bytes = .allocate(byteCount: count, alignment: 64)
    }

    deinit { unsafe bytes.deallocate() }

    /// How many bytes there are.
    package var count: Int { unsafe bytes.count }

    /// A part of the memory, to be read.
    package func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
    }
}
