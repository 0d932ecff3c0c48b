import DerootBytes

/// How fast one registry may be asked.
package struct RequestPace: Sendable, Hashable {
    /// Requests a second at most; nil: as many as come.
    package var perSecond: Double?
    /// Where the registry counts pulls and says how many are left (`RateLimit-Remaining`, as Docker
    /// Hub does), so many are left to others.
    package var reserve: UInt64?
    /// Seconds until it is looked again whether there are more.
    package var retry: Double = 900

    /// No bounds.
    package init() {}
}

/// How fast registries may be asked: in general, and some hosts by name.
package struct RequestPaces: Sendable, Hashable {
    /// The pace for hosts that are not named.
    package var general = RequestPace()
    /// By host, with its port.
    package var hosts: [String: RequestPace] = [:]

    /// No bounds, but for what registries ask for themselves.
    package init() {}

    /// What one of so many processes may do that work at the same time.
    package func divided(among processes: Int) -> RequestPaces {
        func share(_ pace: RequestPace) -> RequestPace {
            var share = pace
            share.perSecond = pace.perSecond.map { $0 / Double(max(1, processes)) }
            return share
        }
        var paces = self
        paces.general = share(general)
        paces.hosts = hosts.mapValues(share)
        return paces
    }

    /// The pace for a host.
    package subscript(host: String) -> RequestPace { hosts[host] ?? general }
}
