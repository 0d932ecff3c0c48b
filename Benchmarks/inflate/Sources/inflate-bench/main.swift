import DerootBytes
import Glibc

// Usage: inflate-bench measure LAYER.tar.gz
//        inflate-bench patch strip|chown LAYER.tar.gz NEW.tar.gz

/// Seconds of CPU time that the process has used, user and system.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Runs `body` seven times and prints the best.
func measure(_ name: String, _ body: () throws -> (raw: UInt64, note: String)) rethrows {
    var best = Double.infinity
    var last: (raw: UInt64, note: String) = (0, "")
    for _ in 0..<7 {
        let start = now()
        last = try body()
        best = min(best, now() - start)
    }
    let pad = String(repeating: " ", count: max(0, 40 - name.count))
    print(
        "\(name)\(pad)\(Int(best * 1000)) ms  \(Int(Double(last.raw) / best / 1e6)) MB/s  \(last.note)"
    )
}

let arguments = CommandLine.arguments
switch (arguments.dropFirst().first, arguments.count) {
case ("measure", 3):
    let path = arguments[2]
    let layer = try bytes(of: path)
    measure("zlib inflate and CRC-32") { (inflateWithZlib(layer), "") }
    measure("CDeflate inflate and CRC-32") { (inflateWithCDeflate(layer), "") }
    for change in [HeaderChange.scan, .nothing, .strip, .chown] {
        try measure("BlobPatcher, \(change.title)") {
            let pass = try patch(path, change) { _ in }
            let size = pass.result.written?.size ?? pass.result.size
            let grown = Int(size) - Int(pass.result.size)
            return (pass.result.rawSize, "\(pass.edits) edits, \(grown) bytes more")
        }
    }
case ("patch", 5):
    guard let change = HeaderChange(rawValue: arguments[2]) else { exit(64) }
    unlink(arguments[4])
    let file = try File.creating(arguments[4], permissions: 0o644)
    let pass = try patch(arguments[3], change) { (bytes) throws(DerootError) in
        try file.write(bytes)
    }
    guard let written = pass.result.written else { exit(1) }
    print(written.diffID.digest.hex)
default:
    print("usage: inflate-bench measure LAYER | patch strip|chown LAYER NEW")
    exit(64)
}
