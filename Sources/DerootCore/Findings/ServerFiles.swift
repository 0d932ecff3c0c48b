import DerootBytes
import DerootTar

/// Configuration files of servers that some rules look into: ports, pid files, accounts.
enum ServerFiles {
    /// A line that says something.
    struct Line {
        let path: TarPath
        /// From 1.
        let number: Int
        /// Without comments and blanks around it.
        let text: String
        /// The words, `=` and `:` between a key and its value left out.
        let words: [String]
    }

    private static let files: [TarPath] = [
        "etc/nginx/nginx.conf", "usr/local/nginx/conf/nginx.conf", "etc/apache2/ports.conf",
        "etc/apache2/apache2.conf", "etc/apache2/httpd.conf", "usr/local/apache2/conf/httpd.conf",
        "etc/httpd/conf/httpd.conf", "etc/haproxy/haproxy.cfg",
        "usr/local/etc/haproxy/haproxy.cfg", "etc/lighttpd/lighttpd.conf", "etc/redis/redis.conf",
        "etc/redis.conf", "usr/local/etc/php-fpm.conf", "etc/squid/squid.conf",
        "etc/memcached.conf", "etc/mysql/my.cnf", "etc/my.cnf", "etc/vsftpd.conf",
        "etc/supervisord.conf", "etc/supervisor/supervisord.conf", "etc/dnsmasq.conf",
    ]

    private static let directories: [TarPath] = [
        "etc/nginx/conf.d", "etc/nginx/http.d", "etc/nginx/sites-enabled",
        "etc/apache2/sites-enabled", "etc/apache2/conf-enabled", "etc/httpd/conf.d",
        "usr/local/etc/php-fpm.d", "etc/mysql/conf.d", "etc/mysql/mariadb.conf.d",
        "etc/supervisor/conf.d",
    ]

    /// The files that are there, so that their contents can be asked for.
    static func paths(in tree: FileTree) -> [TarPath] {
        var found = files.filter { tree.resolve($0).node != nil }
        for directory in directories {
            guard let node = tree.resolve(directory).node else { continue }
            let children = tree.children(of: node).map { directory.appending(tree.name(of: $0)) }
            found += children.sorted().prefix(50)
        }
        return found
    }

    /// Their lines, comments left out.
    static func lines(in tree: FileTree, _ files: ImageFiles) -> [Line] {
        var lines: [Line] = []
        for path in paths(in: tree) {
            guard let content = files.content(at: path) else { continue }
            let all = content.split(separator: 0x0A, omittingEmptySubsequences: false)
            for (index, bytes) in all.enumerated().prefix(5000) {
                let text = bytes.drop { $0 == 0x20 || $0 == 0x09 }
                guard let first = text.first, !"#;".utf8.contains(first) else { continue }
                let uncommented = text.prefix { $0 != UInt8(ascii: "#") && $0 != 0x0D }
                let words = uncommented.split { byte in " \t=;\"{}".utf8.contains(byte) }
                lines.append(
                    Line(
                        path: path, number: index + 1,
                        text: String(decoding: uncommented, as: UTF8.self),
                        words: words.map { String(decoding: $0, as: UTF8.self) }))
            }
        }
        return lines
    }
}
