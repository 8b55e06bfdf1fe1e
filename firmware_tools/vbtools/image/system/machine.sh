#!/bin/sh
# What makes a machine of the image this one machine, at every start, since its root forgets.
# Usage: machine (start) | machine take FOLDER (first boot: what the card says of this box)
set -eu
umask 077
own=/var/lib/visitbridge-machine

if [ "${1:-start}" = take ]; then
    for name in hostname country timezone technician authorized_keys; do
        [ ! -s "$2/$name" ] || install -m 0600 "$2/$name" "$own/$name"
    done
fi

if [ -s "$own/hostname" ]; then
    hostname "$(cat "$own/hostname")"
    install -m 0644 "$own/hostname" /etc/hostname
    printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$(cat "$own/hostname")" >/etc/hosts
    chmod 0644 /etc/hosts
fi
[ ! -s "$own/timezone" ] || ln -sf "/usr/share/zoneinfo/$(cat "$own/timezone")" /etc/localtime
[ ! -s "$own/country" ] || iw reg set "$(cat "$own/country")" || echo "no radio"

host_key=$own/ssh_host_ed25519_key
if [ ! -e "$host_key" ]; then
    rm -f "$host_key.new" "$host_key.new.pub"
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$host_key.new"
    # What has a name has its content, whenever the power is cut.
    sync "$host_key.new" "$host_key.new.pub"
    mv "$host_key.new.pub" "$host_key.pub"
    mv "$host_key.new" "$host_key"
fi

# Who may log in: with a key, never with a password, and nobody where no key was given.
if [ -s "$own/technician" ] && [ -s "$own/authorized_keys" ]; then
    name=$(cat "$own/technician")
    id "$name" >/dev/null 2>&1 || useradd --uid 1000 --create-home --shell /bin/bash --groups sudo "$name"
    install -d -m 0700 -o "$name" -g "$name" "/home/$name/.ssh"
    install -m 0600 -o "$name" -g "$name" "$own/authorized_keys" "/home/$name/.ssh/authorized_keys"
    echo "$name ALL=(ALL) NOPASSWD:ALL" >"/etc/sudoers.d/010-$name"
    chmod 0440 "/etc/sudoers.d/010-$name"
    systemctl --no-block start ssh.service
fi

# Last: whoever is to look why there is no key can log in. The package has no machine to seal it to while an image is made.
/usr/lib/visitbridge/make-store-key /etc/credstore.encrypted /var/lib/visitbridge
