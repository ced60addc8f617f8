#!/bin/sh
# Runs a program as root of a machine whose settings and own programs are kept below a directory:
# ROOT PROGRAM [ARGUMENT...]. ROOT/etc is its /etc, ROOT/local its /usr/local, ROOT/run its /run; all else is this
# machine's. Needs no rights, only namespaces of a user.
set -eu
if [ "$1" != --inside ]; then
    exec unshare --user --map-root-user --mount sh "$0" --inside "$@"
fi
root=$2
shift 2
mount --bind "$root/etc" /etc
mount --bind "$root/local" /usr/local
mount --bind "$root/run" /run
exec "$@"
