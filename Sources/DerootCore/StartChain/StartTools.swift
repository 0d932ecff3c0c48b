/// Programs that run another program: as somebody else, or just somewhat differently.
///
/// Words are nil where a script computes them.
enum StartTools {
    /// What a tool was told.
    struct Step {
        /// Who it becomes; nil where that is computed.
        var account: String?
        /// The program it runs then.
        var rest: ArraySlice<String?> = []
        /// A command line for a shell (`su -c`).
        var script: String?
    }

    /// Who a command becomes and what it runs then; nil for commands that stay who they are.
    static func step(_ name: String, _ args: ArraySlice<String?>) -> Step? {
        switch name {
        case "gosu", "su-exec", "setuidgid", "s6-setuidgid", "setuser":
            let rest = args.drop { $0?.hasPrefix("-") == true }
            guard let account = rest.first else { return nil }
            return Step(account: account, rest: rest.dropFirst())
        case "setpriv": return setpriv(args)
        case "runuser": return runuser(args)
        case "su": return su(args)
        case "chpst":
            let options = Options(args, valued: ["-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L"])
            return options.value("-u").map { Step(account: $0, rest: options.rest) }
        case "s6-applyuidgid":
            let options = Options(args, valued: ["-u", "-g", "-G"])
            return Step(account: options.value("-u") ?? nil, rest: options.rest)
        case "chroot":
            let options = Options(args, valued: ["--userspec", "--groups"])
            return options.value("--userspec").map {
                Step(account: $0, rest: options.rest.dropFirst())
            }
        case "start-stop-daemon":
            let options = Options(
                args,
                valued: ["-c", "--chuid", "-x", "--exec", "-a", "--startas", "-p", "--pidfile"])
            guard let account = options.value("-c", "--chuid") else { return nil }
            let program = options.value("-x", "--exec", "-a", "--startas") ?? nil
            return Step(account: account, rest: [program])
        default: return nil
        }
    }

    private static func setpriv(_ args: ArraySlice<String?>) -> Step? {
        let options = Options(
            args,
            valued: [
                "--reuid", "--regid", "--ruid", "--euid", "--rgid", "--egid", "--groups",
                "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig",
            ])
        guard let account = options.value("--reuid", "--ruid", "--euid") else { return nil }
        guard let group = options.value("--regid", "--rgid", "--egid"), let account else {
            return Step(account: account, rest: options.rest)
        }
        return Step(account: group.map { "\(account):\($0)" }, rest: options.rest)
    }

    private static func runuser(_ args: ArraySlice<String?>) -> Step? {
        let options = Options(
            args,
            valued: [
                "-u", "--user", "-g", "--group", "-G", "--supp-group", "-s", "--shell", "-c",
                "--command", "-w",
            ], mixes: true)
        let script = options.value("-c", "--command") ?? nil
        if let account = options.value("-u", "--user") {
            return Step(account: account, rest: options.rest, script: script)
        }
        let rest = options.rest.drop { $0 == "-" }
        guard let account = rest.first else { return nil }
        return Step(account: account, rest: script == nil ? rest.dropFirst() : [], script: script)
    }

    private static func su(_ args: ArraySlice<String?>) -> Step? {
        let options = Options(
            args, valued: ["-s", "--shell", "-c", "--command", "-g", "-G", "-w"], mixes: true)
        let script = options.value("-c", "--command") ?? nil
        let rest = options.rest.drop { $0 == "-" }
        let account: String? = rest.isEmpty ? "root" : rest.first ?? nil
        return Step(account: account, rest: script == nil ? rest.dropFirst() : [], script: script)
    }

    /// The command that another one runs as it is; nil for all other commands.
    static func unwrapped(_ name: String, _ args: ArraySlice<String?>) -> ArraySlice<String?>? {
        switch name {
        case "env":
            var rest = args
            while let word = rest.first {
                guard let word else { return rest.dropFirst() }
                if word == "-u" || word == "-C" {
                    rest = rest.dropFirst(2)
                } else if word.hasPrefix("-") || word.contains("=") {
                    rest = rest.dropFirst()
                } else {
                    break
                }
            }
            return rest
        case "tini", "tini-static", "docker-init", "dumb-init", "catatonit":
            return Options(args, valued: ["-e", "-p", "--rewrite", "-r"]).rest
        case "nice", "ionice", "chrt":
            return Options(args, valued: ["-n", "-c", "--class", "--classdata"]).rest
        case "timeout": return Options(args, valued: ["-s", "-k"]).rest.dropFirst()
        case "stdbuf": return Options(args, valued: ["-i", "-o", "-e"]).rest
        case "nohup", "setsid", "time", "command", "builtin", "eatmydata", "busybox",
            "with-contenv", "fdmove", "foreground":
            return args.drop { $0?.hasPrefix("-") == true }
        case "setpriv": return Options(args, valued: ["--inh-caps", "--ambient-caps"]).rest
        default: return nil
        }
    }

    /// Shells, whose scripts can be read.
    static let shells: Set<String> = ["sh", "bash", "dash", "ash", "ksh", "zsh", "mksh", "rbash"]

    /// Commands that only root may run, or that do nothing useful for others.
    static let rootCommands: Set<String> = [
        "chown", "chgrp", "useradd", "adduser", "usermod", "userdel", "deluser", "groupadd",
        "addgroup", "groupmod", "groupdel", "delgroup", "passwd", "chpasswd", "chage", "apt",
        "apt-get", "apk", "dnf", "yum", "microdnf", "zypper", "dpkg", "dpkg-reconfigure", "mount",
        "umount", "sysctl", "setcap", "iptables", "ip6tables", "iptables-restore", "nft",
        "modprobe",
        "insmod", "mknod", "chroot", "update-ca-certificates", "update-alternatives", "ldconfig",
        "service", "systemctl", "losetup", "hwclock", "swapon", "tc", "ipset", "sudo", "doas",
    ]
}

/// Options of a command line, taken off its front.
struct Options {
    private(set) var rest: ArraySlice<String?>
    private var values: [(name: String, value: String?)] = []

    /// Takes options until the first word that is none; with `mixes`, from between others as well.
    init(_ args: ArraySlice<String?>, valued: Set<String>, mixes: Bool = false) {
        var todo = args
        var others: [String?] = []
        while let word = todo.first {
            guard let word, word.hasPrefix("-"), word != "-" else {
                guard mixes else { break }
                others.append(word)
                todo = todo.dropFirst()
                continue
            }
            todo = todo.dropFirst()
            if word == "--" { break }
            if valued.contains(word) {
                values.append((word, todo.first ?? nil))
                todo = todo.dropFirst()
            } else if let equals = word.firstIndex(of: "="), word.hasPrefix("--") {
                values.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else if let short = valued.first(where: { $0.utf8.count == 2 && word.hasPrefix($0) })
            {
                values.append((short, String(word.dropFirst(2))))
            }
        }
        rest = others + todo
    }

    /// The value of the last of these options; nil where none was given, nil inside where computed.
    func value(_ names: String...) -> String?? {
        values.last { names.contains($0.name) }.map(\.value)
    }
}
