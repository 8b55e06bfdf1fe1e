#!/bin/sh
# The card's two slots. Usage: visitbridge-slot show | write IMAGE | try | keep
#
#   show    which slot runs, and which one starts by itself
#   write   put an image's system into the other slot; nothing changes for the one that runs
#   try     restart into the other slot, once: the next start after that is the good one's again
#   keep    from now on the slot that runs starts by itself
#
# This is the hook for a platform's updater (RAUC, Mender, or hands): fetching and trusting an image is theirs.
set -eu
card=${VISITBRIDGE_CARD:-/boot/card}
command_line=${VISITBRIDGE_COMMAND_LINE:-/proc/cmdline}
partitions=${VISITBRIDGE_PARTITIONS:-/dev/disk/by-partlabel}

running=$(sed -n 's/.*visitbridge\.slot=\([ab]\).*/\1/p' "$command_line")
[ -n "$running" ] || { echo "this machine has no slots" >&2; exit 1; }
case $running in a) other=b ;; *) other=a ;; esac

# Numbers of boot-a and boot-b, as the firmware counts partitions.
number() { case $1 in a) echo 2 ;; b) echo 3 ;; esac; }
good() { sed -n '/^\[all\]/,/^\[tryboot\]/s/^boot_partition=//p' "$card/autoboot.txt"; }

case ${1:-} in
    show)
        echo "running: $running"
        [ "$(good)" = "$(number a)" ] && echo "starts by itself: a" || echo "starts by itself: b"
        ;;
    write)
        [ "$(good)" = "$(number "$running")" ] || { echo "keep the slot that runs first" >&2; exit 1; }
        # Both slots of an image hold the same system; each knows its own name.
        pieces=$(sfdisk --dump "$2" |
            sed -n 's/.*start= *\([0-9]*\), size= *\([0-9]*\),.*name="\(boot\|root\)-'"$other"'".*/\3 \1 \2/p')
        [ "$(printf '%s\n' "$pieces" | grep -c .)" = 2 ] || { echo "$2 is no image of a box" >&2; exit 1; }
        printf '%s\n' "$pieces" | while read -r kind start size; do
            dd if="$2" of="$partitions/$kind-$other" bs=512 skip="$start" count="$size" conv=notrunc,fsync status=none
        done
        echo "written: $other"
        ;;
    try)
        systemctl reboot --reboot-argument="0 tryboot"
        ;;
    keep)
        # Whole or not at all: written beside it, flushed, then renamed.
        printf '[all]\ntryboot_a_b=1\nboot_partition=%s\n[tryboot]\nboot_partition=%s\n' \
            "$(number "$running")" "$(number "$other")" >"$card/autoboot.new"
        sync "$card/autoboot.new"
        mv "$card/autoboot.new" "$card/autoboot.txt"
        sync "$card"
        echo "kept: $running"
        ;;
    *)
        sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
