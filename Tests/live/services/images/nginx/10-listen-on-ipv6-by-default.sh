#!/bin/sh
# Adds an IPv6 listener to the packaged configuration, unless somebody has edited it.
set -e

CONF=/etc/nginx/conf.d/default.conf

[ -f /proc/net/if_inet6 ] || exit 0
if ! touch "$CONF" 2>/dev/null; then
    echo "$0: can not modify $CONF (read-only file system?)"
    exit 0
fi
md5sum -c --status /usr/share/nginx/default.conf.md5 || exit 0
sed -i -E 's,listen       80;,listen       80;\n    listen  [::]:80;,' "$CONF"
