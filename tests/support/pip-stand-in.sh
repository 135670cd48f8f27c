#!/bin/sh
# Stands in for the pip client: "downloads" what lies in the folder `packages` beside the destination.
[ "$1" = download ] || { echo "ERROR: not a download" >&2; exit 2; }
while [ $# -gt 0 ]; do
    [ "$1" = --dest ] && dest=$2
    shift
done
cp "$dest"/../packages/*.whl "$dest" 2>/dev/null && exit 0
echo "Looking in indexes" >&2
echo "ERROR: No matching distribution found" >&2
echo "ERROR: and some more" >&2
exit 1
