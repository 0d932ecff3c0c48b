#!/usr/bin/env bash
set -Eeo pipefail

# The folders of data and socket; as root they are given to the account.
docker_create_db_directories() {
    local user
    user="$(id -u)"

    mkdir -p "$PGDATA"
    chmod 00700 "$PGDATA" || :

    mkdir -p /var/run/postgresql || :
    chmod 03775 /var/run/postgresql || :

    if [ "$user" = '0' ]; then
        find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
        find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
    fi
}

docker_init_database_dir() {
    eval 'initdb --username="$POSTGRES_USER" --auth-local=trust --no-sync '"$POSTGRES_INITDB_ARGS"
}

_main() {
    if [ "${1:0:1}" = '-' ]; then
        set -- postgres "$@"
    fi

    if [ "$1" = 'postgres' ]; then
        : "${POSTGRES_USER:=postgres}"
        docker_create_db_directories
        if [ "$(id -u)" = '0' ]; then
            # Start again as the account.
            exec gosu postgres "$BASH_SOURCE" "$@"
        fi

        if [ ! -s "$PGDATA/PG_VERSION" ]; then
            docker_init_database_dir
            ls /docker-entrypoint-initdb.d/ >/dev/null
            echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
            echo 'PostgreSQL init process complete; ready for start up.'
        fi
    fi

    exec "$@"
}

_main "$@"
