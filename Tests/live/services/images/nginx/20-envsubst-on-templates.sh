#!/bin/sh
# Fills in the templates with the environment.
set -e

templates=/etc/nginx/templates
target=/etc/nginx/conf.d

[ -d "$templates" ] || exit 0
if [ ! -w "$target" ]; then
    echo "$0: ERROR: $templates exists, but $target is not writable"
    exit 0
fi
find "$templates" -name '*.template' | while read -r template; do
    envsubst <"$template" >"$target/$(basename "$template" .template)"
done
