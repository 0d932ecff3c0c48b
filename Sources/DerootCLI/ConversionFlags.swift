import ArgumentParser
import DerootBytes
import DerootCore
import DerootOCI
import Glibc

/// The options that decide what a result is; convert and verify share them.
struct ConversionFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Who the image runs as: auto, adopt, UID:GID, UID, or an account of the image.",
            discussion: """
                auto keeps a non-root user of the image, as numbers; else it takes the account that a \
                recipe or the start script names, else 65532:65532. adopt never takes the last.
                """,
            valueName: "user"), completion: .list(["auto", "adopt", "65532:65532"]))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "A path that shall belong to the user, with all below; repeatable; * ? ** are wildcards.",
            valueName: "path"))
    var own: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file that keeps its setuid bit or capabilities and is never chowned; repeatable.",
            valueName: "path"))
    var keep: [String] = []

    @OptionGroup var recipes: RecipeFlags

    @Option(
        help: "File capabilities: strip, permit (+ep becomes +p), or keep.",
        completion: .list(ConversionOptions.Capabilities.allCases.map(\.rawValue)))
    var caps: String?

    @Flag(help: "Clear setgid on directories too, where it only inherits the group.")
    var stripSetgidDirs = false

    @Option(
        help: "Change headers in place (rewrite), or add one layer on top (append).",
        completion: .list(ConversionOptions.LayerMode.allCases.map(\.rawValue)))
    var layers: String?

    @Option(
        help: "The result's layers: keep, gzip, zstd or none.",
        completion: .list(["keep", "gzip", "zstd", "none"]))
    var compress: String?

    @Option(
        help: ArgumentHelp(
            "The time of everything new, seconds since 1970; default SOURCE_DATE_EPOCH, else the image's.",
            valueName: "seconds"))
    var sourceDateEpoch: Int64?

    @Option(
        help: ArgumentHelp(
            "Only the image for this platform, such as linux/arm64; default all.",
            valueName: "os/arch"),
        completion: .list(["all", "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"]))
    var platform: String?

    /// True where no option was given that decides what a result is.
    var isDefault: Bool {
        user == nil && own.isEmpty && keep.isEmpty && caps == nil && !stripSetgidDirs
            && layers == nil
            && compress == nil && sourceDateEpoch == nil && recipes.isDefault
    }

    /// The options as values.
    ///
    /// - Throws: `.usage` for a value that is none.
    func options(compressesPlain: Bool) throws(DerootError) -> ConversionOptions {
        var options = ConversionOptions()
        options.user = try Identity.Choice(parsing: user ?? "auto")
        for text in own { options.own.append(try PathPattern(text)) }
        for text in keep { options.keep.append(try PathPattern(text)) }
        options.capabilities = try Self.choice(caps, "--caps", .strip)
        options.stripsSetgidDirectories = stripSetgidDirs
        try recipes.apply(to: &options)
        options.layers = try Self.choice(layers, "--layers", .rewrite)
        switch compress {
        case nil: options.compression = compressesPlain ? .plainToGzip : .keep
        case "keep": options.compression = .keep
        case let text: options.compression = .all(try Self.choice(text, "--compress", .gzip))
        }
        let epoch = try Self.environmentEpoch()
        options.sourceDateEpoch = sourceDateEpoch ?? epoch
        if let epoch = options.sourceDateEpoch, !(0...253_402_300_799).contains(epoch) {
            throw DerootError(.usage, "the time \(epoch) is not in the years 1970 to 9999")
        }
        return options
    }

    /// The platform asked for; nil: all.
    func wantedPlatform() throws(DerootError) -> Platform? {
        guard let platform, platform != "all" else { return nil }
        do throws(DerootError) {
            return try Platform(parsing: platform)
        } catch {
            throw DerootError(.usage, error.message, advice: "write OS/ARCH, such as linux/arm64")
        }
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String?, _ name: String, _ fallback: Choice
    ) throws(DerootError) -> Choice {
        guard let text else { return fallback }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw DerootError(.usage, "\(name) is \(printable(text.utf8)), not one of \(known)")
        }
        return choice
    }

    private static func environmentEpoch() throws(DerootError) -> Int64? {
        guard let text = unsafe getenv("SOURCE_DATE_EPOCH").map({ unsafe String(cString: $0) }),
            !text.isEmpty
        else { return nil }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw DerootError(
                .usage, "SOURCE_DATE_EPOCH is '\(printable(text.utf8))', not seconds since 1970")
        }
        return seconds
    }
}
