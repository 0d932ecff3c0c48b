import DerootBytes
import DerootMirror
import DerootRegistry
import Glibc
import Synchronization

/// Shows how far a mirror run is: lines that are drawn over on a terminal, else a line an image.
final class MirrorProgress: Sendable {
    private struct State {
        var screen: MirrorScreen
        var drawn = 0
        var time: Double = 0
    }

    private enum Mode { case none, terminal, lines }

    private let mode: Mode
    private let isUnicode: Bool
    private let isVerbose: Bool
    private let state: Mutex<State>

    init(_ flags: OutputFlags, _ items: [MirrorPlan.Item]) {
        switch flags.progress {
        case .none: mode = .none
        case .plain, .json: mode = .lines
        case .auto:
            mode = flags.quiet ? .none : isatty(2) == 1 && !Self.isDumb ? .terminal : .lines
        }
        isVerbose = flags.verbose
        isUnicode = Self.isUTF8
        state = Mutex(State(screen: MirrorScreen(items, now: Self.now())))
    }

    /// Takes what happens, from any thread.
    func take(_ event: MirrorEvent) {
        guard mode != .none else { return }
        if mode == .lines {
            switch event {
            case .ended(let outcome): Console.error(Self.line(outcome))
            case .transfer(let item, .resting(let host, let seconds)):
                Console.error(
                    "waiting    \(item.source): few pulls are left at \(host), "
                        + "\(wholeSeconds(seconds)) s")
            default: return
            }
            return
        }
        state.withLock { state in
            state.screen.take(event)
            var above = ""
            if case .ended(let outcome) = event, isVerbose || outcome.ending.result == nil {
                above = Self.line(outcome) + "\n"
            }
            let now = Self.now()
            guard !above.isEmpty || now - state.time >= 0.1 else { return }
            state.time = now
            draw(&state, above, now)
        }
    }

    /// Takes the lines away, so that other output starts on a clean one.
    func clear() {
        state.withLock { state in
            write(Self.erase(state.drawn))
            state.drawn = 0
        }
    }

    /// Draws all lines in the place of the last ones; `above` stays above them.
    private func draw(_ state: inout State, _ above: String, _ now: Double) {
        let (width, height) = Self.size()
        // The last column stays free, where some terminals would begin a new line.
        var lines = state.screen.lines(width: width - 1, isUnicode: isUnicode, now: now)
        if lines.count >= height { lines = Array(lines.suffix(max(1, height - 1))) }
        write(
            Self.erase(state.drawn) + above + lines.map { $0 + "\n" }.joined())
        state.drawn = lines.count
    }

    /// Goes up so many lines and clears to the end of the screen (ECMA-48, CPL and ED).
    private static func erase(_ lines: Int) -> String {
        lines == 0 ? "" : "\u{1B}[\(lines)F\u{1B}[J"
    }

    private static func size() -> (width: Int, height: Int) {
        var size = winsize()
        guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return (80, 24)
        }
        // A terminal that does not know its height says 0.
        return (Int(size.ws_col), size.ws_row > 0 ? max(2, Int(size.ws_row)) : 24)
    }

    private static func environment(_ name: String) -> String {
        unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
    }

    private static var isDumb: Bool { environment("TERM") == "dumb" }

    /// As POSIX finds the character set: the first of these that is set.
    private static var isUTF8: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environment).first { !$0.isEmpty } ?? ""
        let upper = locale.uppercased()
        return upper.contains("UTF-8") || upper.contains("UTF8")
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A line for people about an image.
    private static func line(_ outcome: MirrorOutcome) -> String {
        let name = outcome.ending.name
        let padded = name + String(repeating: " ", count: max(1, 11 - name.utf8.count))
        let item = outcome.item
        var line =
            "\(padded)\(item.source) → \(item.repository):\(item.tags.joined(separator: ","))"
        switch outcome.ending {
        case .converted(let digest), .unchanged(let digest), .reused(let digest, _):
            line += "  \(digest.short)"
        case .refused(_, let message, _), .failed(_, let message), .transient(let message):
            line += ": \(message)"
        }
        return line
    }

    private func write(_ text: String) {
        guard !text.isEmpty else { return }
        do throws(DerootError) {
            try File.standardError.write(Array(text.utf8))
        } catch {
            return
        }
    }
}
