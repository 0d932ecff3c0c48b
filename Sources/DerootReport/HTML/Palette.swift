/// The colours of a page, by the name of their CSS variable; a test computes their contrast.
package enum Palette {
    /// A colour in the light and in the dark.
    package struct Colour: Sendable, Hashable {
        /// The variable without its dashes.
        package let name: String
        /// `#rrggbb`.
        package let light: String
        /// The same for the dark scheme.
        package let dark: String

        init(_ name: String, _ light: String, _ dark: String) {
            self.name = name
            self.light = light
            self.dark = dark
        }
    }

    /// What text stands on.
    package static let grounds = [
        Colour("paper", "#fbfaf6", "#15181b"), Colour("card", "#ffffff", "#1d2125"),
        Colour("sunk", "#f2f0e9", "#101214"),
    ]

    /// What text is written in; each is readable on every ground.
    package static let inks = [
        Colour("ink", "#1d2327", "#e9e6df"), Colour("soft", "#53595d", "#b3b0a8"),
        Colour("good", "#17613a", "#86d1a2"), Colour("warn", "#7d4e00", "#ecc06a"),
        Colour("bad", "#a1232b", "#ff9d95"), Colour("info", "#2b5480", "#9ec5ee"),
        Colour("accent", "#0b5a5f", "#7fd0d2"),
    ]

    /// What is drawn and never written in.
    package static let fills = [
        Colour("line", "#dedad0", "#33383d"), Colour("same", "#c3c8c6", "#4b5357"),
        Colour("rewritten", "#3f8f92", "#3d9296"), Colour("added", "#d39a3a", "#c9963d"),
        Colour("ribbon", "#e4e4de", "#2a2f33"),
    ]

    /// The declarations for one of the schemes.
    static func declarations(dark: Bool) -> String {
        (grounds + inks + fills).map { "--\($0.name):\(dark ? $0.dark : $0.light)" }
            .joined(separator: ";")
    }
}
