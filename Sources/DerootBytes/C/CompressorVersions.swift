import CZlib
import CZstd

/// Which compressors this process uses: other versions may write other bytes.
package enum CompressorVersions {
    /// Names, versions and levels, in one line.
    package static var text: String {
        let zlib = unsafe String(cString: zlibVersion())
        let zstd = unsafe String(cString: ZSTD_versionString())
        return "zlib \(zlib) level 6, zstd \(zstd) level 3"
    }
}
