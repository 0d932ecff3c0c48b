#!/usr/bin/env bash
set -Eeuo pipefail

if [[ "$1" == apache2* ]]; then
    uid="$(id -u)"
    gid="$(id -g)"
    if [ "$uid" = '0' ]; then
        user="${APACHE_RUN_USER:-www-data}"
        group="${APACHE_RUN_GROUP:-www-data}"
        if [ "$(stat --format %u .)" = '0' ]; then chown "$user:$group" .; fi
    else
        user="$uid"
        group="$gid"
    fi
    if [ ! -e index.php ]; then
        echo >&2 "application not found in $PWD - copying now..."
        cp -r /usr/src/app/. .
        chown -R "$user:$group" index.php
    fi
fi

exec "$@"
