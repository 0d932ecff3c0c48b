#!/bin/sh
set -e

# Only options, or no command at all: they are node's.
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then
    set -- node "$@"
fi

exec "$@"
