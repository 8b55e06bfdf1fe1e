#!/bin/sh
# Let the data partition reach the end of the card it was written to. Does nothing once it does.
set -eu
part=$(dirname "$(grep -lx PARTNAME=data /sys/class/block/*/uevent)")
device=/dev/${part##*/}
disk=/dev/$(basename "$(dirname "$(readlink -f "$part")")")
number=$(cat "$part/partition")
# sfdisk moves the second copy of the table to the end first; a partition in use keeps its beginning.
echo ", +" | sfdisk --quiet --no-reread --force -N "$number" "$disk"
partx --update --nr "$number" "$disk"
resize2fs "$device"
