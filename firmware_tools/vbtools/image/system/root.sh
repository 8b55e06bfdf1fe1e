#!/bin/bash
# A hook of mmdebstrap's, while the new system's apt still knows its sources. Usage: root.sh ROOT; PACKAGE: our .deb
set -Eeuo pipefail
root=$1
here=$(dirname "$(readlink -f "$0")")
readonly UID_OF_GATEWAY=460
# Whole families of drivers that no box has a device for.
readonly NOT_NEEDED=(drivers/{gpu,media,infiniband,iio,isdn,mtd,ata,nvme,target,net/ethernet/{intel,mellanox,broadcom,chelsio,qlogic,cavium,hisilicon,marvell}}
  sound fs/{btrfs,xfs,ocfs2,gfs2,ceph,nfs,nfsd,smb,jfs,reiserfs,f2fs,udf})

inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

# Data outlives a slot, and belongs to numbers: they have to be the same in every image.
inside groupadd --system --gid $UID_OF_GATEWAY visitbridge
inside useradd --system --uid $UID_OF_GATEWAY --gid $UID_OF_GATEWAY --no-create-home \
    --home-dir /var/lib/visitbridge --shell /usr/sbin/nologin visitbridge

printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
cp "$PACKAGE" "$root/var/tmp/visitbridge.deb"
inside apt-get -q -o Dpkg::Use-Pty=0 install --yes --no-install-recommends /var/tmp/visitbridge.deb
rm "$root/usr/sbin/policy-rc.d" "$root/var/tmp/visitbridge.deb"

# The kernel is unpacked, not installed: its scripts would build an initrd of their own, for this machine.
kernel=$(inside apt-cache depends linux-image-arm64 | sed -n 's/^ *Depends: //p' | head -1)
inside sh -c "cd /var/tmp && apt-get -q download $kernel"
for file in "$root"/var/tmp/linux-image-*.deb; do
    dpkg-deb --fsys-tarfile "$file" |
        tar --extract --directory "$root" --keep-directory-symlink ./boot ./lib/modules ./usr/lib
    rm "$file"
done
release=$(ls "$root/lib/modules")
(cd "$root/lib/modules/$release/kernel" && rm -rf "${NOT_NEEDED[@]}")
/usr/sbin/depmod -b "$root" "$release"

install -d -m 0755 "$root/boot/card" "$root/usr/lib/visitbridge-image" "$root/etc/ssh/sshd_config.d"
for script in machine grow; do
    install -m 0755 "$here/$script.sh" "$root/usr/lib/visitbridge-image/$script"
done
install -m 0755 "$here/slot.sh" "$root/usr/sbin/visitbridge-slot"
install -m 0644 "$here/lasting" "$root/usr/lib/visitbridge-image/lasting"
install -m 0644 "$here/fstab" "$root/etc/fstab"
install -m 0644 "$here/sshd.conf" "$root/etc/ssh/sshd_config.d/visitbridge.conf"
for unit in "$here"/*.service; do
    install -m 0644 "$unit" "$root/usr/lib/systemd/system/"
    ln -sf "/usr/lib/systemd/system/${unit##*/}" "$root/etc/systemd/system/multi-user.target.wants/${unit##*/}"
done
# Nothing that lasts may be named on the forgetful root.
ln -s /var/lib/visitbridge-machine/provisioned "$root/var/lib/visitbridge-provisioned"
while read -r place; do
    case $place in /*) mkdir -p "$root$place" ;; esac
done <"$here/lasting"
chmod 0700 "$root/var/lib/visitbridge-machine"
echo visitbridge >"$root/etc/hostname"
# Updates of Debian's packages come with the next image: what apt would write here is forgotten at the next start.
: >"$root/etc/apt/sources.list"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    systemd-timesyncd.service ssh.service; do
    rm -f "$root"/etc/systemd/system/*.wants/"$unit"
done

# Whatever would make every box of this image the same one.
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/credstore.encrypted/* "$root"/var/lib/systemd/{credential.secret,random-seed} \
    "$root"/var/lib/dbus/machine-id
: >"$root/etc/machine-id"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/usr/share/{doc,man,info,lintian} "$root"/var/log/*.log
