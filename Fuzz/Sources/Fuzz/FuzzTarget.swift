import Glibc

/// One parser or path through deroot that takes any bytes and must not trap, hang or lie.
///
/// What a target demands of an accepted input is stated with `demand`; a breach aborts, and
/// libFuzzer keeps the input.
struct FuzzTarget: Sendable {
    /// As `DEROOT_FUZZ` and the folders of seeds spell it.
    let name: String
    /// Takes one input.
    let run: @Sendable ([UInt8]) -> Void

    /// All of them.
    ///
    /// A new parser adds its own here, with a folder of seeds of that name.
    static let all: [FuzzTarget] = [
        FuzzTarget(name: "tar", run: TarTargets.stream),
        FuzzTarget(name: "pax", run: TarTargets.paxRecords),
        FuzzTarget(name: "list", run: TarTargets.list),
        FuzzTarget(name: "json", run: TextTargets.json),
        FuzzTarget(name: "reference", run: TextTargets.reference),
        FuzzTarget(name: "digest", run: TextTargets.digest),
        FuzzTarget(name: "yaml", run: TextTargets.yaml),
        FuzzTarget(name: "recipe", run: TextTargets.recipe),
        FuzzTarget(name: "pattern", run: TextTargets.pattern),
        FuzzTarget(name: "auth", run: NetworkTargets.challenge),
        FuzzTarget(name: "url", run: NetworkTargets.address),
        FuzzTarget(name: "passwd", run: AccountTarget.run),
        FuzzTarget(name: "splice", run: SpliceTarget.run),
        FuzzTarget(name: "image", run: ImageTarget.run),
    ]

    /// The one that the environment asks for.
    static let chosen: FuzzTarget? = {
        guard let name = unsafe getenv("DEROOT_FUZZ") else { return nil }
        return all.first { unsafe $0.name == String(cString: name) }
    }()
}

/// Ends the process where something that must hold does not; libFuzzer keeps the input.
func demand(_ condition: Bool, _ what: @autoclosure () -> String) {
    guard !condition else { return }
    let text = Array("demand broken: \(what())\n".utf8)
    _ = unsafe write(2, text, text.count)
    abort()
}

/// libFuzzer's entry point.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let target = FuzzTarget.chosen else {
        let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
        demand(false, "DEROOT_FUZZ is none of \(names)")
        return 0
    }
    unsafe target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
