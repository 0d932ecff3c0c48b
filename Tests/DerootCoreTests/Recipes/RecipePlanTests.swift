import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// What recipes come to: files of the added layer, owners, config; and what stops them.
struct RecipePlanTests {
    @Test func editsBecomeFilesOfTheAddedLayer() throws {
        let recipe = try recipe(
            """
            edits:
              - { id: pid, file: /app.conf, regex: "/run/", with: /tmp/, expect: 1 }
              - { id: user, file: /app.conf, delete: "^user ", expect: 0..1 }
            """)
        let planned = try plan(recipe, [plainImage])
        #expect(planned.content("app.conf") == "listen 80\npid /tmp/app.pid\n")
        #expect(planned.addedLines.contains("0640 0:7 /app.conf"))
        #expect(planned.recipe?.id == "mine")
        #expect(planned.recipe?.digest == recipe.digest)
        #expect(
            planned.recipe?.steps == [
                "edit pid: 1 hit in /app.conf", "edit user: 1 hit in /app.conf",
            ])
    }

    /// The time of an edited file stays, and converting twice is converting once.
    @Test func convertsAndConvertsAgain() throws {
        let recipe = try recipe(
            """
            user: { strategy: adopt, name: app }
            own: [ { path: /data, mode: "g+rwX" } ]
            dirs: [ { path: /run/app, mode: "0750" } ]
            links: [ { path: /log, to: /dev/stdout } ]
            files: [ { path: /etc/app.d/x, content: "uid {{uid}}\\n" } ]
            remove: [ /old ]
            ports: [ { from: 80/tcp, to: 8080/tcp } ]
            edits:
              - id: pid
                file: /app.conf
                regex: "/run/"
                with: /tmp/
                done: "^pid /tmp/"
                expect: 1
              - id: listen
                file: /app.conf
                regex: '^listen 80$'
                with: "listen {{port 80/tcp}}"
                done: '^listen 8080$'
                expect: 1
            env: { set: { APP_UID: "{{uid}}" }, unset: [ GONE ] }
            config: { entrypoint: [ /bin/app, "--port={{port 80/tcp}}" ], cmd: [ run ] }
            verify:
              - { path: /app.conf, contains: '^listen 8080$' }
              - { path: /data, owner: user }
              - { absent: /old/file }
              - { port: 8080 }
            """)
        let image: Build = { tar in
            tar.directory("data")
            tar.file("data/x", mode: 0o600)
            tar.file("old/file")
            tar.file("log")
        }
        let settings =
            #""ExposedPorts":{"80/tcp":{},"9000/tcp":{}},"Env":["GONE=1","PATH=/bin"],"Cmd":["old"]"#
        let layers = try [plainImage, image].map { try LayerFixture(.gzip, $0) }
        let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
        var options = ConversionOptions()
        options.ports = .remap
        func convert(_ from: String, _ to: String) throws -> ConversionResult {
            var conversion = Conversion(try layout.result(from), options)
            conversion.recipes = RecipeLibrary([recipe])
            return try conversion.convert(into: layout.destination(to).begin())
        }
        let once = try convert("source", "result")
        let result = try layout.image()
        #expect(result.config.user == "1000:1001")
        #expect(result.config.entrypoint == ["/bin/app", "--port=8080"])
        #expect(result.config.cmd == ["run"])
        #expect(result.config.env == ["PATH=/bin", "APP_UID=1000"])
        #expect(result.config.exposedPorts == ["8080/tcp", "9000/tcp"])
        #expect(try result.content("app.conf") == "user app\nlisten 8080\npid /tmp/app.pid\n")
        #expect(try result.status("data/x") == "1000:1001 0660")
        #expect(try result.status("run/app") == "1000:1001 0750")
        #expect(try result.content("etc/app.d/x") == "uid 1000\n")
        #expect(try result.status("old") == nil)
        #expect(result.manifest.annotations[Facts.recipe] == "mine@\(recipe.digest)")
        let edited = try walked(try #require(result.layers.last)).first {
            $0.meaning.name == Array("app.conf".utf8)
        }
        #expect(edited?.meaning.records == [PaxRecord("mtime", "1234567890.5")])
        let twice = try convert("result", "again")
        #expect(twice.isUnchanged)
        #expect(twice.root.digest == once.root.digest)
    }

    @Test(arguments: [
        ("edits: [ { id: a, file: /app.conf, delete: never, expect: 1 } ]", "NR081"),
        ("edits: [ { id: a, file: /app.conf, replace: pp, with: x, expect: 1 } ]", "2 hits"),
        ("edits: [ { id: a, file: /none, delete: x, expect: 0.. } ]", "NR081"),
        ("edits: [ { id: a, file: /etc/passwd, delete: root, expect: 1 } ]", "NR083"),
        ("edits: [ { id: a, file: /tmp, delete: x, expect: 1 } ]", "no regular file"),
        ("edits: [ { id: a, file: /link, delete: x, expect: 0.. } ]", "NR083"),
        ("own: [ / ]", "NR083"), ("own: [ /etc ]", "NR083"), ("own: [ /usr ]", "NR083"),
        ("own: [ /usr/bin/app ]", "NR083"), ("own: [ { path: /etc, recursive: false } ]", "NR083"),
        ("own: [ '/none/*' ]", "fits nothing"), ("dirs: [ /app.conf ]", "no directory"),
        ("dirs: [ /etc/shadow ]", "NR083"), ("links: [ { path: /etc, to: /tmp } ]", "NR083"),
        ("links: [ { path: /full, to: /tmp } ]", "content"),
        ("links: [ { path: /etc/passwd, to: /tmp/x } ]", "NR083"),
        ("files: [ { path: /etc/sudoers.d/x, content: x } ]", "NR083"),
        ("files: [ { path: /link, content: x } ]", "NR083"),
        ("files: [ { path: /app.conf/x, content: x } ]", "no directory"),
        ("files: [ { path: /full, content: x } ]", "no regular file"),
        ("remove: [ /etc ]", "NR083"), ("remove: [ /bin/sh ]", "NR083"),
        ("own: [ '{{env DIR}}' ]", "'..'"), ("own: [ '{{env REL}}' ]", "begin with /"),
        ("own: [ '{{env NONE}}' ]", "NONE"), ("refuse: it cannot", "it cannot"),
        ("verify: [ { path: /app.conf, contains: never } ]", "line 7: verify"),
        ("verify: [ { path: /app.conf, lacks: listen } ]", "listen"),
        ("verify: [ { path: /app.conf, owner: user } ]", "belongs to 0"),
        ("verify: [ { path: /app.conf, mode: '0644' } ]", "0640"),
        ("verify: [ { absent: /app.conf } ]", "is there"), ("verify: [ { port: 80 } ]", "80/tcp"),
        ("base: nobody", "base"),
    ])
    func stops(_ lines: String, _ what: String) throws {
        let recipe = try recipe(lines)
        let error = try #require(throws: DerootError.self) {
            try plan(
                recipe, settings: #""Env":["DIR=/a/../../etc","REL=etc"]"#,
                [
                    plainImage,
                    { tar in
                        tar.link("link", to: "/etc/passwd")
                        tar.directory("full")
                        tar.file("full/x")
                        tar.file("bin/sh")
                    },
                ])
        }
        #expect(error.description.contains(what), "\(error)")
        #expect([.blocked, .refused, .malformed].contains(error.code), "\(error)")
    }

    @Test func saysFileAndLineOfAMiss() throws {
        let recipe = try recipe(
            "edits:\n  - { id: gone, file: /app.conf, delete: never, expect: 1.. }")
        let error = try #require(throws: DerootError.self) { try plan(recipe, [plainImage]) }
        #expect(error.location.file == "mine.yaml")
        #expect(error.message.contains("line 8: edit gone: NR081 edit-miss: 0 hits in /app.conf"))
        #expect(error.advice?.contains("--recipe none") == true)
    }

    /// A file of 10 MB is not read, and a pattern that others take ages for ends in time.
    @Test func isBounded() throws {
        let recipe = try recipe(
            "edits: [ { id: a, file: /app.conf, delete: '(a|aa)+$', expect: 0 } ]")
        func image(_ count: Int) -> Build {
            let body = String(repeating: "a", count: count - 1) + "!"
            return { $0.file("app.conf", body) }
        }
        let error = try #require(throws: DerootError.self) {
            try plan(recipe, [plainImage, image(10 << 20)])
        }
        #expect(error.code == .limit, "\(error)")
        let planned = try plan(recipe, [plainImage, image(1 << 16)])
        #expect(planned.recipe?.steps == ["edit a: 0 hits in /app.conf"])
    }

    @Test func editsTheFileBehindALink() throws {
        let recipe = try recipe(
            "edits: [ { id: a, file: /conf/app.conf, replace: '80', with: '81', expect: 1 } ]")
        let planned = try plan(
            recipe,
            [
                plainImage,
                { tar in
                    tar.link("conf", to: "/real")
                    tar.link("real/app.conf", to: "../deep/it")
                    tar.file("deep/it", "port 80", mode: 0o600, uid: 9)
                },
            ])
        #expect(planned.content("deep/it") == "port 81")
        #expect(planned.addedLines.contains("0600 9:0 /deep/it"))
        #expect(planned.content("app.conf") == nil)
    }

    /// The own rule reaches an edited file, and setuid does not survive the copy.
    @Test func anEditedFileIsOwnedLikeAnyOther() throws {
        let recipe = try recipe(
            """
            own: [ /srv ]
            edits: [ { id: a, file: /srv/tool, replace: x, with: y, expect: 1 } ]
            """)
        let planned = try plan(recipe, [plainImage, { $0.file("srv/tool", "x", mode: 0o6755) }])
        #expect(planned.addedLines.contains("0755 65532:65532 /srv/tool"))
    }

    @Test func ownsAsLittleAsItSays() throws {
        let recipe = try recipe(
            """
            own-workdir: false
            own:
              - { path: /app/logs }
              - { path: /app/conf, to: group, mode: g+rX }
              - { path: /app/data, recursive: false }
            """)
        let image: Build = { tar in
            tar.directory("app")
            tar.file("app/bin")
            tar.file("app/logs/x", mode: 0o600)
            tar.file("app/conf/users", mode: 0o600)
            tar.directory("app/data")
            tar.file("app/data/seed")
        }
        let layout = try LayoutFixture(
            ImageFixture(
                try [plainImage, image].map { try LayerFixture(.none, $0) },
                settings: #""WorkingDir":"/app""#))
        var conversion = Conversion(try layout.source(), ConversionOptions())
        conversion.recipes = RecipeLibrary([recipe])
        _ = try conversion.convert(into: layout.destination().begin())
        let result = try layout.image()
        #expect(try result.status("app/bin") == "0:0 0644")
        #expect(try result.status("app/logs/x") == "65532:65532 0600")
        #expect(try result.status("app/conf/users") == "0:65532 0640")
        #expect(try result.status("app/data") == "65532:65532 0755")
        #expect(try result.status("app/data/seed") == "0:0 0644")
    }

    /// A path that a link leads to `/tmp` is everybody's, not the user's.
    @Test func doesNotOwnSharedDirectoriesBehindLinks() throws {
        let recipe = try recipe("own: [ /app/logs ]")
        let planned = try plan(recipe, [plainImage, { $0.link("app/logs", to: "/tmp") }])
        #expect(planned.changed.isEmpty)
    }

    @Test func keepsPrivilegesWithAReason() throws {
        let recipe = try recipe(
            "keep-privileged: [ { path: /usr/bin/newuidmap, reason: nested engines need it } ]")
        let planned = try plan(
            recipe,
            [
                plainImage,
                { tar in
                    tar.file("usr/bin/newuidmap", mode: 0o4755)
                    tar.file("usr/bin/su", mode: 0o4755)
                },
            ])
        #expect(planned.changed == ["1:1"])
        #expect(
            planned.notes.contains(
                "/usr/bin/newuidmap keeps its privileges (nested engines need it)"))
        #expect(planned.recipe?.keep == ["/usr/bin/newuidmap"])
    }
}
