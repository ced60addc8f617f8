#!/bin/sh
# Runs a program of an image as a container's first process, with the rights of nobody in particular:
# ROOT VOLUME UID PROGRAM [ARGUMENT...]. The root can only be read; the volume lies at /data. Needs no rights and
# no daemon, only namespaces of a user. The network is that of this machine.
set -eu
if [ "$1" != --inside ]; then
    exec unshare --user --map-user="$3" --map-group="$3" --keep-caps --mount --pid --fork --kill-child \
        sh "$0" --inside "$@"
fi
root=$2 volume=$3
shift 4
mount --bind "$root" "$root"
mount --bind "$volume" "$root/data"
mount -o remount,bind,ro "$root"
# What is left, to change the root with, ends there.
left=-all,+sys_chroot
exec setpriv --no-new-privs --ambient-caps=$left --inh-caps=$left --bounding-set=$left chroot "$root" "$@"
