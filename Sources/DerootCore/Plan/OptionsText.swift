import DerootBytes

extension ConversionOptions: CustomStringConvertible {
    /// The options as a command line spells them, those at their default left out.
    ///
    /// Part of the result (history, annotations), so the same options always give the same text.
    package var description: String {
        var words: [String] = []
        switch user {
        case .auto: break
        case .adopt: words += ["--user", "adopt"]
        case .numbers(let uid, let gid):
            words += ["--user", gid.map { "\(uid):\($0)" } ?? "\(uid)"]
        case .name(let name): words += ["--user", name]
        }
        for pattern in own { words += ["--own", Self.quoted(pattern.text)] }
        for pattern in keep { words += ["--keep", Self.quoted(pattern.text)] }
        if let ownRecipes {
            words += ["--recipe", ownRecipes.description]
        } else {
            switch recipe {
            case .automatic: break
            case .none: words += ["--recipe", "none"]
            case .one(let id): words += ["--recipe", id]
            }
        }
        for profile in Profile.allCases where profiles.contains(profile) {
            words += ["--profile", profile.rawValue]
        }
        if ports != .keep { words += ["--ports", ports.rawValue] }
        if squashesIDs { words.append("--squash-ids") }
        if capabilities != .strip { words += ["--caps", capabilities.rawValue] }
        if stripsSetgidDirectories { words.append("--strip-setgid-dirs") }
        if layers != .rewrite { words += ["--layers", layers.rawValue] }
        if case .all(let compression) = compression {
            words += ["--compress", compression.rawValue]
        }
        if let epoch = sourceDateEpoch { words += ["--source-date-epoch", "\(epoch)"] }
        return words.joined(separator: " ")
    }

    /// The command as history entries name it.
    package var commandLine: String {
        description.isEmpty ? "deroot convert" : "deroot convert \(description)"
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || Array("/._-*?+@%:,=".utf8).contains(byte)
        }
        return isPlain
            ? text
            : "'"
                + text.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
