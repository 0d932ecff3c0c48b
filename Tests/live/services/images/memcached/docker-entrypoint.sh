#!/bin/sh
set -e

# Only options: they are memcached's.
if [ "${1#-}" != "$1" ]; then
    set -- memcached "$@"
fi

exec "$@"
