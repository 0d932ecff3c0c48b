#!/usr/bin/env bash
set -euo pipefail

# As root: own the data, then start again as the account.
if [[ "$1" == rabbitmq* ]] && [ "$(id -u)" = '0' ]; then
    if [ "$1" = 'rabbitmq-server' ]; then
        find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
    fi

    exec gosu rabbitmq "$BASH_SOURCE" "$@"
fi

exec "$@"
