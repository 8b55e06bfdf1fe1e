#!/bin/sh
# The box's first process: find the card, lay memory over the read-only root, put what lasts in its places.
b=/bin/busybox
$b mkdir -p /proc /sys /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev

say() { echo "visitbridge: $*" >/dev/kmsg; }
stop() {
    say "$*"
    # With panic= on the command line the kernel restarts, and the firmware takes the slot that is known to be good.
    exit 1
}

slot=a
for word in $($b cat /proc/cmdline); do
    case $word in visitbridge.slot=[ab]) slot=${word#*=} ;; esac
done

for module in /modules/*; do $b insmod "$module" 2>/dev/null; done

# The device of the partition with this name in the table, as soon as it is there.
device_of() {
    tries=600
    while [ $tries -gt 0 ]; do
        for uevent in /sys/class/block/*/uevent; do
            if $b grep -qx "PARTNAME=$1" "$uevent" 2>/dev/null; then
                $b sed -n 's|^DEVNAME=|/dev/|p' "$uevent"
                return
            fi
        done
        tries=$((tries - 1))
        $b usleep 50000
    done
}

root=$(device_of "root-$slot")
data=$(device_of data)
[ -b "$root" ] || stop "no partition root-$slot"
[ -b "$data" ] || stop "no partition data"

$b mount -t ext4 -o ro,noatime "$root" /lower || stop "root-$slot cannot be read"
$b mount --bind /dev /lower/dev
$b chroot /lower /sbin/e2fsck -p "$data" >/dev/kmsg 2>&1
$b umount /lower/dev
$b mount -t ext4 -o noatime,nodev,nosuid "$data" /data || stop "the data partition cannot be read"

$b mount -t tmpfs -o mode=0755,size=50% tmpfs /over
$b mkdir /over/upper /over/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/over/upper,workdir=/over/work overlay /root ||
    stop "nothing can be laid over the root"

# What lasts begins as the image has it, once.
while read -r place; do
    case $place in /*) ;; *) continue ;; esac
    if [ ! -e "/data$place" ]; then
        $b mkdir -p "/data${place%/*}"
        $b rm -rf "/data/.new" && $b mkdir "/data/.new"
        [ ! -d "/lower$place" ] || $b cp -a "/lower$place" "/data/.new/it"
        [ -d /data/.new/it ] || $b mkdir -p /data/.new/it
        $b sync
        $b mv /data/.new/it "/data$place"
    fi
    $b mkdir -p "/root$place"
    $b mount --bind "/data$place" "/root$place"
done </lower/usr/lib/visitbridge-image/lasting

identity=/data/var/lib/visitbridge-machine
if [ ! -s $identity/machine-id ]; then
    $b tr -d - </proc/sys/kernel/random/uuid >$identity/machine-id.new
    $b sync
    $b mv $identity/machine-id.new $identity/machine-id
fi
$b cp $identity/machine-id /root/etc/machine-id
[ ! -s $identity/hostname ] || $b cp $identity/hostname /root/etc/hostname

# Where the layers can be looked at: the slot as it is on the card, and what lasts.
$b mkdir -p /root/run
echo "$slot" >/over/slot
$b mount --move /dev /root/dev
$b mount --move /sys /root/sys
$b mount --move /proc /root/proc
exec $b switch_root /root /sbin/init
