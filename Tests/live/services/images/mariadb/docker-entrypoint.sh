#!/bin/bash
set -eo pipefail

mysql_note() { echo "[Note] [Entrypoint]: $*"; }

docker_create_db_directories() {
    mkdir -p "$DATADIR"
    if [ "$(id -u)" = "0" ]; then
        # What is the account's already is not touched.
        find "$DATADIR" \! -user mysql \( -exec chown mysql: '{}' + -o -true \)
        find /run/mysqld \! -user mysql \( -exec chown mysql: '{}' + -o -true \)
    fi
}

_main() {
    if [ "${1:0:1}" = '-' ]; then
        set -- mariadbd "$@"
    fi

    if [ "$1" = 'mariadbd' ] || [ "$1" = 'mysqld' ]; then
        declare -g DATADIR=/var/lib/mysql
        docker_create_db_directories

        # As root: start again as the account.
        if [ "$(id -u)" = "0" ]; then
            mysql_note "Switching to dedicated user 'mysql'"
            exec gosu mysql "${BASH_SOURCE[0]}" "$@"
        fi

        if [ ! -d "$DATADIR/mysql" ]; then
            if [ -z "$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD" ]; then
                echo >&2 "Database is uninitialized and password option is not specified"
                exit 1
            fi
            mysql_note "Initializing database files"
            mariadb-install-db --datadir="$DATADIR" --skip-test-db \
                --auth-root-authentication-method=normal --skip-name-resolve >/dev/null
        fi
    fi
    exec "$@"
}

_main "$@"
