import DerootBytes
import Glibc
import Testing

@testable import DerootStore

/// Runs somebody else's tool, to have our output judged by it.
enum Command {
    /// Whether a program is in the PATH.
    static func exists(_ name: String) -> Bool {
        guard let path = unsafe getenv("PATH") else { return false }
        return unsafe String(cString: path).split(separator: ":").contains { folder in
            unsafe access("\(folder)/\(name)", X_OK) == 0
        }
    }

    /// Runs a program with its output going into a file, and gives its exit status and output.
    static func run(
        _ arguments: [String], in scratch: Scratch, input: String? = nil
    ) throws -> (status: Int32, output: String) {
        let log = "command-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, scratch(log), flags, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        let status = unsafe posix_spawnp(&process, arguments[0], &actions, nil, words, environ)
        try #require(status == 0)
        var result: Int32 = 0
        while unsafe waitpid(process, &result, 0) < 0 { try #require(errno == EINTR) }
        let output = String(decoding: try scratch.read(log), as: UTF8.self)
        return (result, output)
    }
}
