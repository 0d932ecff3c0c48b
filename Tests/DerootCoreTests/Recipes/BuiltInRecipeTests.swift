import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// The recipes in the binary, each on an image in the manner of the one it is for.
struct BuiltInRecipeTests {
    /// An image: paths with their content, a `/` at the end for directories.
    struct Sample: Sendable, CustomStringConvertible {
        let id: String
        var settings: String
        var files: [(String, String)]
        var user = "65532:65532"
        /// A path and what a line of its new content is, or nothing.
        var edited: [String: String] = [:]
        var change: @Sendable (inout ConversionOptions) -> Void = { $0.ports = .remap }
        var description: String { id }

        var build: Build {
            { tar in
                tar.file(
                    "etc/passwd",
                    "root:x:0:0::/root:/bin/sh\n"
                        + [
                            "redis", "postgres", "mysql", "rabbitmq", "haproxy", "www-data", "node",
                            "memcache", "tomcat", "nobody", "mosquitto",
                        ].enumerated()
                        .map { "\($1):x:\(100 + $0):\(200 + $0)::/:/bin/false\n" }.joined())
                tar.file("etc/group", "root:x:0:\n")
                tar.directory("tmp", mode: 0o1777)
                for (path, content) in files {
                    if path.hasSuffix("/") { tar.directory(path) } else { tar.file(path, content) }
                }
            }
        }
    }

    static let samples: [Sample] = [
        Sample(
            id: "nginx",
            settings:
                #""Entrypoint":["/docker-entrypoint.sh"],"Cmd":["nginx","-g","daemon off;"],"ExposedPorts":{"80/tcp":{}}"#,
            files: [
                ("docker-entrypoint.d/10-listen-on-ipv6-by-default.sh", "sed 's,listen 80;,x,'\n"),
                (
                    "etc/nginx/nginx.conf",
                    "user  nginx;\npid        /var/run/nginx.pid;\nhttp {\n}\n"
                ),
                ("etc/nginx/conf.d/default.conf", "server {\n    listen       80;\n}\n"),
                ("var/cache/nginx/", ""),
            ],
            edited: [
                "etc/nginx/nginx.conf": "pid        /tmp/nginx.pid;",
                "etc/nginx/conf.d/default.conf": "    listen       8080;",
            ]),
        Sample(
            id: "nginx-debian", settings: #""Cmd":["nginx","-g","daemon off;"]"#,
            files: [
                ("etc/nginx/nginx.conf", "http {\n  access_log /var/log/nginx/a.log;\n}\n"),
                (
                    "etc/nginx/sites-available/default",
                    "listen 80 default_server;\nlisten [::]:80;\n"
                ),
                ("usr/sbin/nginx", ""), ("var/lib/nginx/", ""),
            ],
            edited: ["etc/nginx/nginx.conf": "  access_log /dev/stdout;"],
            change: { $0.profiles = [.readOnlyRootfs] }),
        Sample(
            id: "httpd", settings: #""Cmd":["httpd-foreground"],"WorkingDir":"/usr/local/apache2""#,
            files: [
                ("usr/local/apache2/conf/httpd.conf", "Listen 80\nUser www-data\nGroup www-data\n"),
                ("usr/local/apache2/logs/", ""), ("usr/local/apache2/htdocs/index.html", ""),
            ],
            user: "105:205", edited: ["usr/local/apache2/conf/httpd.conf": "Listen 8080"]),
        Sample(
            id: "apache2", settings: #""Cmd":["apache2ctl","-D","FOREGROUND"]"#,
            files: [
                ("etc/apache2/apache2.conf", ""), ("usr/sbin/apache2", ""),
                ("etc/apache2/ports.conf", "Listen 80\n"), ("etc/apache2/envvars", "x\n"),
            ],
            user: "105:205", edited: ["etc/apache2/ports.conf": "Listen 8080"]),
        Sample(
            id: "php-apache",
            settings: #""Cmd":["apache2-foreground"],"WorkingDir":"/var/www/html""#,
            files: [
                ("etc/apache2/apache2.conf", ""), ("usr/sbin/apache2", ""),
                ("usr/local/bin/apache2-foreground", ""), ("etc/apache2/ports.conf", "Listen 80\n"),
                ("etc/apache2/sites-available/000-default.conf", "<VirtualHost *:80>\n"),
            ],
            user: "105:205",
            edited: ["etc/apache2/sites-available/000-default.conf": "<VirtualHost *:8080>"]),
        Sample(
            id: "php-fpm", settings: #""Cmd":["php-fpm8.2","-F"],"ExposedPorts":{"9000/tcp":{}}"#,
            files: [
                ("usr/sbin/php-fpm8.2", ""),
                ("etc/php/8.2/fpm/php-fpm.conf", "error_log = /var/log/php8.2-fpm.log\n"),
                ("etc/php/8.2/fpm/pool.d/www.conf", "[www]\nuser = www-data\n"),
            ],
            user: "105:205",
            edited: [
                "etc/php/8.2/fpm/php-fpm.conf": "error_log = /proc/self/fd/2",
                "etc/php/8.2/fpm/pool.d/www.conf": ";user = www-data",
            ]),
        Sample(
            id: "mosquitto",
            settings:
                #""Entrypoint":["/docker-entrypoint.sh"],"Cmd":["/usr/sbin/mosquitto","-c","/x"]"#,
            files: [("usr/sbin/mosquitto", ""), ("mosquitto/data/", "")], user: "110:210"),
        Sample(
            id: "wordpress", settings: #""Cmd":["apache2-foreground"]"#,
            files: [
                ("etc/apache2/apache2.conf", ""), ("usr/local/bin/apache2-foreground", ""),
                ("usr/src/wordpress/index.php", ""), ("etc/apache2/ports.conf", "Listen 80\n"),
            ],
            user: "105:205", edited: ["etc/apache2/ports.conf": "Listen 8080"]),
        Sample(
            id: "redis", settings: #""Entrypoint":["docker-entrypoint.sh"],"Cmd":["redis-server"]"#,
            files: [("usr/local/bin/redis-server", ""), ("data/", "")], user: "100:200"),
        Sample(
            id: "postgres",
            settings:
                #""Entrypoint":["docker-entrypoint.sh"],"Env":["PGDATA=/var/lib/postgresql/data"]"#,
            files: [("usr/lib/postgresql/17/bin/postgres", ""), ("var/lib/postgresql/data/", "")],
            user: "101:201"),
        Sample(
            id: "mysql",
            settings: #""Entrypoint":["docker-entrypoint.sh"],"Env":["MYSQL_MAJOR=8.4"]"#,
            files: [("usr/sbin/mysqld", ""), ("var/lib/mysql/", "")], user: "102:202"),
        Sample(
            id: "mariadb", settings: #""Entrypoint":["docker-entrypoint.sh"]"#,
            files: [("usr/sbin/mariadbd", ""), ("var/lib/mysql/", "")], user: "102:202"),
        Sample(
            id: "rabbitmq", settings: #""Cmd":["rabbitmq-server"]"#,
            files: [("opt/rabbitmq/sbin/rabbitmq-server", ""), ("var/lib/rabbitmq/", "")],
            user: "103:203"),
        Sample(
            id: "haproxy", settings: #""Cmd":["haproxy","-f","x"],"User":"haproxy""#,
            files: [
                ("usr/local/sbin/haproxy", ""),
                (
                    "usr/local/etc/haproxy/haproxy.cfg",
                    "global\n  user haproxy\n  stats socket /run/haproxy/a.sock\nfrontend x\n"
                        + "  bind *:80\n  http-request auth user x\n"
                ),
            ],
            user: "104:204", edited: ["usr/local/etc/haproxy/haproxy.cfg": "  bind *:8080"]),
        Sample(
            id: "memcached", settings: #""Cmd":["memcached"],"User":"memcache""#,
            files: [("usr/local/bin/memcached", "")], user: "107:207"),
        Sample(
            id: "tomcat",
            settings: #""Cmd":["catalina.sh","run"],"WorkingDir":"/usr/local/tomcat""#,
            files: ["bin/catalina.sh", "webapps/", "logs/", "temp/", "work/", "conf/x"].map {
                ("usr/local/tomcat/\($0)", "")
            }),
        Sample(
            id: "tomcat-debian", settings: #""Cmd":["/usr/share/tomcat10/bin/catalina.sh","run"]"#,
            files: [("usr/share/tomcat10/bin/catalina.sh", ""), ("var/lib/tomcat10/", "")],
            user: "108:208"),
        Sample(
            id: "registry", settings: #""Cmd":["/etc/docker/registry/config.yml"]"#,
            files: [("bin/registry", ""), ("etc/docker/registry/config.yml", "")]),
        Sample(
            id: "traefik", settings: #""Cmd":["traefik"],"ExposedPorts":{"80/tcp":{}}"#,
            files: [("usr/local/bin/traefik", "")]),
        Sample(
            id: "caddy",
            settings:
                #""Cmd":["caddy","run"],"Env":["XDG_DATA_HOME=/data","XDG_CONFIG_HOME=/config"]"#,
            files: [("usr/bin/caddy", ""), ("etc/caddy/Caddyfile", ":80 {\n}\n")],
            edited: ["etc/caddy/Caddyfile": ":8080 {"]),
        Sample(
            id: "exporter", settings: #""Entrypoint":["/bin/node_exporter"],"User":"nobody""#,
            files: [("bin/node_exporter", "")], user: "109:209"),
        Sample(
            id: "node", settings: #""Cmd":["node","a.js"]"#, files: [("usr/local/bin/node", "")],
            user: "106:206"),
        Sample(
            id: "python", settings: #""Cmd":["python3","a.py"]"#,
            files: [("usr/local/bin/python3", "")]),
    ]

    @Test(arguments: samples)
    func fitsItsImage(_ sample: Sample) throws {
        let library = try RecipeLibrary.builtIn()
        let planned = try plan(
            library.recipes, settings: sample.settings, [sample.build], options: sample.change)
        #expect(planned.recipe?.id == sample.id)
        #expect(planned.userAfter == sample.user)
        for (path, line) in sample.edited {
            let content = planned.content(TarPath(path)) ?? ""
            #expect(content.split(separator: "\n").map(String.init).contains(line), "\(content)")
        }
        // With every profile that is not denied; what the recipe verifies is verified.
        for profile in ConversionOptions.Profile.allCases {
            let isDenied = sample.id == "postgres" && profile == .openshift
            let made = try? plan(
                library.recipes, settings: sample.settings, [sample.build]
            ) { $0.profiles = [profile] }
            #expect((made == nil) == isDenied, "\(sample.id) \(profile)")
        }
    }

    @Test(
        arguments: [
            ("gitea", #""Cmd":["/usr/bin/s6-svscan","/etc/s6"]"#, ["app/gitea/gitea"]),
            ("cron", #""Cmd":["cron","-f"]"#, ["usr/sbin/cron"]),
            ("sshd", #""Cmd":["/usr/sbin/sshd","-D"]"#, ["usr/sbin/sshd"]),
            ("systemd", #""Cmd":["/sbin/init"]"#, ["lib/systemd/systemd"]),
        ] as [(String, String, [String])])
    func refusesWithAReason(_ id: String, _ settings: String, _ files: [String]) throws {
        let library = try RecipeLibrary.builtIn()
        let image: Build = { tar in for file in files { tar.file(file) } }
        let error = try #require(throws: DerootError.self) {
            try plan(library.recipes, settings: settings, [plainImage, image])
        }
        #expect(error.code == .refused)
        #expect(error.message.hasPrefix("recipe \(id): "))
        #expect(error.advice?.contains("--recipe none") == true)
    }

    @Test func everyOneIsTried() throws {
        let library = try RecipeLibrary.builtIn()
        let refused = library.recipes.filter { $0.refusal != nil }.map(\.id)
        #expect(
            Set(Self.samples.map(\.id)).union(refused) == Set(library.recipes.map(\.id)))
        #expect(refused == ["cron", "gitea", "sshd", "systemd"])
    }

    /// The list in the source and the folder's files are the same, and named after their ids.
    @Test func theFolderIsAllInTheBinary() throws {
        let folder = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let names = try Directory.names(in: "/\(folder)/Sources/DerootCore/Recipes/BuiltIn")
        #expect(BuiltInRecipes.files.map(\.name) == names)
        for (name, bytes) in BuiltInRecipes.files {
            let recipe = try Recipe(parsing: bytes, file: name)
            #expect("\(recipe.id).yaml" == name)
        }
    }

    /// An image that nothing speaks of has no recipe.
    @Test func fitsNothingElse() throws {
        let planned = try plan(
            try RecipeLibrary.builtIn().recipes, settings: #""Cmd":["/app"]"#, [plainImage])
        #expect(planned.recipe == nil && planned.userAfter == "65532:65532")
    }

    @Test func nginxNeedsNoPidLineOfItsOwn() throws {
        let sample = try #require(Self.samples.first)
        let library = try RecipeLibrary.builtIn()
        for (pid, after) in [
            ("", "pid /tmp/nginx.pid;\nhttp {\n}\n"), ("pid /tmp/x;\n", nil),
            ("pid /run/a/b.pid;\n", "pid /tmp/nginx.pid;\nhttp {\n}\n"),
        ] as [(String, String?)] {
            let own: Build = { $0.file("etc/nginx/nginx.conf", pid + "http {\n}\n") }
            let planned = try plan(library.recipes, settings: sample.settings, [sample.build, own])
            #expect(planned.content("etc/nginx/nginx.conf") == after)
        }
    }

    @Test func readOnlyLinksReplaceEmptyFoldersOnly() throws {
        let library = try RecipeLibrary.builtIn()
        let sample = try #require(Self.samples.first { $0.id == "tomcat" })
        let planned = try plan(library.recipes, settings: sample.settings, [sample.build]) {
            $0.profiles = [.readOnlyRootfs]
        }
        let links = planned.added.filter { $0.kind == .symlink(Array("/tmp".utf8)) }
        #expect(
            links.map(\.path) == [
                "usr/local/tomcat/logs", "usr/local/tomcat/temp", "usr/local/tomcat/work",
            ])
    }
}
