import DerootBytes
import DerootCore
import DerootRegistry
import DerootReport
import Glibc
import Synchronization

/// Shows how far a conversion is: one line that is drawn over on a terminal, or a line a layer.
final class ProgressLine: Sendable {
    private struct State {
        var layers = 0
        var done = 0
        var total: UInt64 = 0
        var read: UInt64 = 0
        var moved: [TransferEvent.Direction: UInt64] = [:]
        var drawn: Int64 = 0
        var isVisible = false
    }

    private let mode: OutputFlags.Progress
    private let state = Mutex(State())

    init(_ flags: OutputFlags) {
        if flags.quiet && flags.progress == .auto {
            mode = .none
        } else if flags.progress == .auto {
            mode = isatty(2) == 1 ? .auto : .none
        } else {
            mode = flags.progress
        }
    }

    /// Takes an event, from any thread.
    func show(_ event: ConversionEvent) {
        switch mode {
        case .none: return
        case .plain: plain(event)
        case .json: json(event)
        case .auto: draw(event)
        }
    }

    /// Takes what happens between us and a registry, from any thread.
    func show(_ event: TransferEvent) {
        switch mode {
        case .none: return
        case .plain: plain(event)
        case .json: json(event)
        case .auto: draw(event)
        }
    }

    /// Takes the line away, so that other output starts on a clean one.
    func clear() {
        let wasVisible = state.withLock { state in
            defer { state.isVisible = false }
            return state.isVisible
        }
        if wasVisible { write("\r\u{1B}[K") }
    }

    private func plain(_ event: ConversionEvent) {
        switch event {
        case .found(let layers, let bytes):
            write("reading \(layers) layers, \(ByteCount.text(bytes))\n")
        case .layerFinished(let digest, let entries, let changes):
            write("layer \(digest.short): \(entries) entries, \(changes) changed\n")
        case .committing: write("publishing\n")
        case .layerStarted, .bytesRead: return
        }
    }

    private func json(_ event: ConversionEvent) {
        switch event {
        case .found(let layers, let bytes):
            write("{\"event\":\"found\",\"layers\":\(layers),\"bytes\":\(bytes)}\n")
        case .layerStarted(let digest, let size, let again):
            write(
                "{\"event\":\"layer-started\",\"digest\":\"\(digest)\",\"bytes\":\(size),\"again\":\(again)}\n"
            )
        case .layerFinished(let digest, let entries, let changes):
            write(
                "{\"event\":\"layer-finished\",\"digest\":\"\(digest)\",\"entries\":\(entries),"
                    + "\"changes\":\(changes)}\n")
        case .committing: write("{\"event\":\"committing\"}\n")
        case .bytesRead: return
        }
    }

    private func draw(_ event: ConversionEvent) {
        let line: String? = state.withLock { state in
            switch event {
            case .found(let layers, let bytes):
                state.layers = layers
                state.total = bytes
            case .layerStarted(_, let size, let again):
                if again {
                    state.total += size
                    state.layers += 1
                }
            case .bytesRead(let count): state.read += count
            case .layerFinished: state.done += 1
            case .committing: break
            }
            return Self.line(&state)
        }
        if let line { write("\r\u{1B}[K\(line)") }
    }

    private func draw(_ event: TransferEvent) {
        if case .retrying(let host, let seconds) = event {
            clear()
            write("deroot: \(host) failed, next try in \(wholeSeconds(seconds)) s\n")
            return
        }
        if case .resting(let host, let seconds) = event {
            clear()
            write("deroot: few pulls are left at \(host), waiting \(wholeSeconds(seconds)) s\n")
            return
        }
        guard case .moved(let count, let direction) = event else { return }
        let line: String? = state.withLock { state in
            state.moved[direction, default: 0] += count
            return Self.line(&state)
        }
        if let line { write("\r\u{1B}[K\(line)") }
    }

    /// The line as it is now; nil where the last one is not a tenth of a second old.
    private static func line(_ state: inout State) -> String? {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let milliseconds = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        guard milliseconds - state.drawn >= 100 else { return nil }
        state.drawn = milliseconds
        state.isVisible = true
        let percent = state.total == 0 ? 100 : state.read * 100 / state.total
        var line =
            "layers \(state.done)/\(state.layers)  \(ByteCount.text(state.read)) of "
            + "\(ByteCount.text(state.total))  \(min(percent, 100)) %"
        if let count = state.moved[.pull] { line += "  pulled \(ByteCount.text(count))" }
        if let count = state.moved[.push] { line += "  pushed \(ByteCount.text(count))" }
        return line
    }

    private func plain(_ event: TransferEvent) {
        switch event {
        case .finished(let digest, let size, let direction):
            write("\(direction.rawValue)ed \(digest.short): \(ByteCount.text(size))\n")
        case .spared(let digest, let reason):
            let why =
                reason == .exists ? "is there already" : "mounted from the source's repository"
            write("not pushed \(digest.short): \(why)\n")
        case .retrying(let host, let seconds):
            write("\(host) failed, next try in \(wholeSeconds(seconds)) s\n")
        case .resting(let host, let seconds):
            write("few pulls are left at \(host), waiting \(wholeSeconds(seconds)) s\n")
        case .started, .moved: return
        }
    }

    private func json(_ event: TransferEvent) {
        switch event {
        case .started(let digest, let size, let direction):
            write(
                "{\"event\":\"\(direction.rawValue)-started\",\"digest\":\"\(digest)\","
                    + "\"bytes\":\(size)}\n")
        case .finished(let digest, let size, let direction):
            write(
                "{\"event\":\"\(direction.rawValue)-finished\",\"digest\":\"\(digest)\","
                    + "\"bytes\":\(size)}\n")
        case .spared(let digest, let reason):
            write(
                "{\"event\":\"push-spared\",\"digest\":\"\(digest)\","
                    + "\"reason\":\"\(reason.rawValue)\"}\n")
        case .retrying(let host, let seconds):
            write("{\"event\":\"retrying\",\"host\":\"\(host)\",\"seconds\":\(seconds)}\n")
        case .resting(let host, let seconds):
            write("{\"event\":\"resting\",\"host\":\"\(host)\",\"seconds\":\(seconds)}\n")
        case .moved: return
        }
    }

    private func write(_ text: String) {
        do throws(DerootError) {
            try File.standardError.write(Array(text.utf8))
        } catch {
            return
        }
    }
}
