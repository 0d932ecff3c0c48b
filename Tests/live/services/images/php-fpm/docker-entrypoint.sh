#!/usr/bin/env bash
set -Eeuo pipefail

if [[ "$1" == php-fpm* ]]; then
    uid="$(id -u)"
    gid="$(id -g)"
    if [ "$uid" = '0' ]; then
        user='www-data'
        group='www-data'
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
