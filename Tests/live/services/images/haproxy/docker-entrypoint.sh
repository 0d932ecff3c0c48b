#!/bin/sh
set -e

# Only options: they are haproxy's.
if [ "${1#-}" != "$1" ]; then
    set -- haproxy "$@"
fi

if [ "$1" = 'haproxy' ]; then
    shift
    # Master and worker, in the foreground.
    set -- haproxy -W -db "$@"
fi

exec "$@"
