/// The recipes in the binary: the files of `BuiltIn/`, as they stand there.
package enum BuiltInRecipes {
    /// Name and bytes of each file, by name.
    package static var files: [(name: String, bytes: [UInt8])] {
        [
            ("apache2.yaml", PackageResources.apache2_yaml),
            ("caddy.yaml", PackageResources.caddy_yaml),
            ("cron.yaml", PackageResources.cron_yaml),
            ("exporter.yaml", PackageResources.exporter_yaml),
            ("gitea.yaml", PackageResources.gitea_yaml),
            ("haproxy.yaml", PackageResources.haproxy_yaml),
            ("httpd.yaml", PackageResources.httpd_yaml),
            ("mariadb.yaml", PackageResources.mariadb_yaml),
            ("memcached.yaml", PackageResources.memcached_yaml),
            ("mosquitto.yaml", PackageResources.mosquitto_yaml),
            ("mysql.yaml", PackageResources.mysql_yaml),
            ("nginx-debian.yaml", PackageResources.nginx_debian_yaml),
            ("nginx.yaml", PackageResources.nginx_yaml),
            ("node.yaml", PackageResources.node_yaml),
            ("php-apache.yaml", PackageResources.php_apache_yaml),
            ("php-fpm.yaml", PackageResources.php_fpm_yaml),
            ("postgres.yaml", PackageResources.postgres_yaml),
            ("python.yaml", PackageResources.python_yaml),
            ("rabbitmq.yaml", PackageResources.rabbitmq_yaml),
            ("redis.yaml", PackageResources.redis_yaml),
            ("registry.yaml", PackageResources.registry_yaml),
            ("sshd.yaml", PackageResources.sshd_yaml),
            ("systemd.yaml", PackageResources.systemd_yaml),
            ("tomcat-debian.yaml", PackageResources.tomcat_debian_yaml),
            ("tomcat.yaml", PackageResources.tomcat_yaml),
            ("traefik.yaml", PackageResources.traefik_yaml),
            ("wordpress.yaml", PackageResources.wordpress_yaml),
        ]
    }
}
