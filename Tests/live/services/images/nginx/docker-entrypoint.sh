#!/bin/sh
# Runs the steps of /docker-entrypoint.d, then the command.
set -e

if [ "$1" = "nginx" ]; then
    for step in /docker-entrypoint.d/*.sh; do
        [ -x "$step" ] || continue
        echo "$0: running $step"
        "$step"
    done
    echo "$0: configuration complete; ready for start up"
fi

exec "$@"
