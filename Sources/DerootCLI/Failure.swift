import ArgumentParser
import DerootBytes

/// Turns errors into a line on standard error and an exit status.
enum Failure {
    /// Runs a command's work.
    ///
    /// - Throws: `ExitCode` for every failure, after it was printed.
    static func reported(_ work: () throws(DerootError) -> Void) throws {
        Interruption.install()
        do throws(DerootError) {
            try work()
        } catch {
            Console.error("deroot: \(error)")
            throw ExitCode(error.exitStatus)
        }
    }

    /// Runs a command's work, which says with which status the process ends.
    ///
    /// - Throws: `ExitCode` for every status but 0.
    static func reportedStatus(_ work: () throws(DerootError) -> Int32) throws {
        var status: Int32 = 0
        try reported { () throws(DerootError) in status = try work() }
        guard status == 0 else { throw ExitCode(status) }
    }
}
