#!/bin/sh
set -e

# Whatever was mounted, it is the application's.
chown -R app:app /app/data
exec gosu app "$@"
