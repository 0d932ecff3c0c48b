import DerootBytes
import DerootOCI
import DerootTar

/// NR073: the paths that a read-only container needs as mounts.
package enum WritableSet: ImageRule {
    package static let rule = Rule(
        "NR073", "read-only-root", .info, "What has to be writable under a read-only root",
        help: """
            With readOnlyRootFilesystem or --read-only nothing but mounts can be written. These \
            are the paths that the image is known to write: give each a volume, an emptyDir or a \
            tmpfs.
            """,
        classes: [14])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var paths: [TarPath: String] = ["tmp": "everybody's"]
        for volume in image.config.volumes { paths[image.start.absolute(volume)] = "VOLUME" }
        for write in image.chain.writes where !write.circumstances.isGuarded {
            let directory = write.isDirectory ? write.path : write.path.parent
            // One mount for /run, and none over configuration and code.
            guard !SelfModification.isConfiguration(directory), !directory.isRoot else { continue }
            let place = image.tree.resolve(directory).path
            paths[place.isAt(orBelow: "run") ? "run" : place] = "the start script"
        }
        for line in image.serverLines
        where ["pid", "PidFile", "pidfile"].contains(line.words.first) {
            guard line.words.count > 1,
                line.words[1].hasPrefix("/run") || line.words[1].hasPrefix("/var/run")
            else { continue }
            paths["run"] = "a pid file"
        }
        return found(
            "\(count(paths.count, "path", "paths")) to mount under a read-only root",
            at: paths.sorted { $0.key < $1.key }.map {
                Finding.Evidence(.file($0.key), before: $0.value)
            }, confidence: .guess, fix: .none("mount a volume, an emptyDir or a tmpfs there"))
    }
}
