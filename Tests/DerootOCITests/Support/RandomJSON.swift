import DerootOCI

/// A small generator (SplitMix64) with a seed, so that a failure can be repeated.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}

/// Random JSON texts with every spelling that must survive: escapes, exponents, duplicates, spaces.
struct RandomJSON {
    var dice: Dice

    mutating func text(depth: Int = 4) -> String {
        let space = dice.pick(["", "", " ", "\n  ", "\t", "\r\n"])
        return space + value(depth: depth) + space
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &dice) {
        case 0: return dice.pick(["null", "true", "false"])
        case 1, 2: return number()
        case 3, 4: return string()
        case 5, 6:
            let members = (0..<Int.random(in: 0...5, using: &dice)).map { _ in
                dice.pick(["", " "]) + string() + dice.pick([":", " : "]) + text(depth: depth - 1)
            }
            return "{" + members.joined(separator: ",") + "}"
        default:
            let elements = (0..<Int.random(in: 0...5, using: &dice)).map { _ in
                text(depth: depth - 1)
            }
            return "[" + elements.joined(separator: ",") + "]"
        }
    }

    private mutating func number() -> String {
        let whole = dice.pick(["0", "1", "9007199254740993", "18446744073709551615", "42"])
        return dice.pick(["", "-"]) + whole + dice.pick(["", ".10", ".0"])
            + dice.pick(["", "", "e2", "E+05", "e-9999"])
    }

    private mutating func string() -> String {
        let parts = (0..<Int.random(in: 0...4, using: &dice)).map { _ in
            dice.pick([
                "a", "User", "user", "\\u003c", "<", "\\/", "/", "\\\"", "\\\\", "\\n",
                "\\ud83d\\ude00",
                "😀", "\\ud800", "é", "e\u{301}", "\u{212A}", "\u{7F}", "\\u0000",
            ])
        }
        return "\"" + parts.joined() + "\""
    }
}
