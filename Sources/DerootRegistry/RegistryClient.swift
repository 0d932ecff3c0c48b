import DerootBytes
import DerootOCI
import Synchronization

/// Talks to registries: one for a command, used by all of its threads.
package final class RegistryClient: Sendable {
    let settings: any RegistrySettings
    let options: RegistryOptions
    private let counters = Mutex<(received: UInt64, sent: UInt64)>((0, 0))

    /// Makes a client; nothing is sent yet.
    package init(settings: any RegistrySettings, options: RegistryOptions = RegistryOptions()) {
        self.settings = settings
        self.options = options
    }

    /// Bytes of bodies that came from registries, documents and blobs alike.
    package var bytesReceived: UInt64 { counters.withLock(\.received) }

    /// Bytes of bodies that were sent to registries.
    package var bytesSent: UInt64 { counters.withLock(\.sent) }
}
