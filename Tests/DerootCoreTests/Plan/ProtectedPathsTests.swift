import DerootCore
import DerootTar
import Testing

struct ProtectedPathsTests {
    @Test(arguments: [
        "etc/passwd", "etc/passwd-", "etc/group", "etc/group-", "etc/shadow", "etc/shadow-",
        "etc/gshadow", "etc/gshadow-", "etc/sudoers", "etc/sudoers.d/README", "etc/sudoers.d/a/b",
        "etc/ssl/private/key.pem", "etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_ed25519_key.pub",
        "etc/security/limits.conf", "etc/security/limits.d/x", "etc/pam.d/su", "etc/ld.so.conf",
        "etc/ld.so.cache", "etc/ld.so.preload", "etc/ld.so.conf.d/x.conf", "root/.bashrc",
        "root/.ssh/authorized_keys", "var/lib/dpkg/status", "var/lib/dpkg/info/x.postinst",
        "var/lib/rpm/rpmdb.sqlite", "lib/apk/db/installed", "usr/bin/env", "usr/sbin/chroot",
        "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/lib64/x", "usr/libexec/y", "usr/lib32/z",
        "bin", "bin/sh", "sbin", "sbin/init", "lib", "lib/ld-musl-x86_64.so.1", "lib64", "lib64/x",
        "libx32", "proc", "proc/1/mem", "sys", "sys/kernel", "dev", "dev/null", "dev/pts/0",
    ])
    func neverChangeHands(_ path: String) { #expect(ProtectedPaths.contains(TarPath(path))) }

    @Test(arguments: [
        "", "etc", "etc/nginx", "etc/passwords", "etc/ssh", "etc/ssh/sshd_config", "etc/ssl",
        "etc/ssl/certs/ca.pem", "etc/sudo.conf", "etc/ld.conf", "usr", "usr/local",
        "usr/local/bin/app", "usr/local/lib/x", "usr/share/x", "usr/games/x", "var", "var/lib",
        "var/lib/redis", "var/lib/dpkgx", "var/lib/mysql/x", "opt/bin/x", "home/root/x", "rootfs/x",
        "srv/etc/passwd", "app/lib/x", "binary", "sbins/x", "devel/x", "procfs", "system", "tmp",
        "run", "bina", "usr/binx/y",
    ])
    func mayChangeHands(_ path: String) { #expect(!ProtectedPaths.contains(TarPath(path))) }

    /// A directory of protected files follows `--own`; what is in it does not.
    @Test(arguments: [
        "root", "etc/pam.d", "etc/security", "etc/ssl/private", "var/lib/dpkg", "var/lib/rpm",
        "usr/bin", "usr/sbin", "usr/lib", "usr/lib64",
    ])
    func directoriesOfProtectedFilesFollow(_ path: String) {
        #expect(!ProtectedPaths.contains(TarPath(path)))
        #expect(ProtectedPaths.contains(TarPath(path + "/x")))
    }

    @Test(arguments: [
        "", "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt",
        "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var", "usr/bin", "usr/local",
        "usr/share", "usr/src", "var/lib", "var/log", "var/cache", "var/spool", "var/tmp",
        "var/run", "var/lock",
    ])
    func sharedDirectoriesAreNotHandedOver(_ path: String) {
        #expect(SharedDirectories.contains(TarPath(path)))
    }

    @Test(arguments: [
        "app", "data", "srv/app", "opt/app", "home/app", "usr/local/app", "usr/share/nginx",
        "var/lib/redis", "var/log/nginx", "var/www", "var/cache/nginx", "run/app", "tmp/x",
        "etc/app",
    ])
    func directoriesOfAnApplicationAre(_ path: String) {
        #expect(!SharedDirectories.contains(TarPath(path)))
    }
}
