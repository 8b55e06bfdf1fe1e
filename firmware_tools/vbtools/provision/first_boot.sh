#!/bin/sh
# Makes this machine the box that the files beside this script describe. Run once, as root, at the first boot, by
# cloud-init or firstrun.sh; running it again changes nothing that is right already.
set -eu
umask 077
here=$(dirname "$(readlink -f "$0")")
done_file=/var/lib/visitbridge-provisioned

say() { echo "visitbridge: $*"; }
[ ! -e "$done_file" ] || { say "provisioned already"; exit 0; }

# Secrets leave the boot partition, which any computer can read, before anything else can go wrong. They wait where only root reads, on
# the disk: a start that is cut off or fails goes on with them the next time.
private=/var/lib/visitbridge-machine/private

# Under a name that nothing reads: a cut of the power leaves what is overwritten and not yet gone, and that is to be sealed nowhere.
forget_secrets() {
    find "$private.used" -type f -exec shred -u {} +
    touch "$done_file"
    # Whoever finds neither would begin again, without what it takes.
    sync
    rm -rf "$private.used"
    say "provisioned"
}
[ ! -d "$private.used" ] || { forget_secrets; exit 0; }

if [ -d "$here/private" ]; then
    # Once whole, the copy is not made anew: a start that was cut off may have left the other overwritten and not yet gone.
    if [ ! -d "$private" ]; then
        mkdir -p "$private.new"
        cp -R "$here/private/." "$private.new/"
        sync
        mv "$private.new" "$private"
        sync
    fi
    find "$here/private" -type f -exec shred -u {} +
    rm -rf "$here/private"
fi

install -d -m 0755 /etc/visitbridge/conf.d
install -m 0644 "$here/50-box.toml" /etc/visitbridge/conf.d/50-box.toml
install -m 0644 "$here/visitbridge-interfaces.nft" /etc/visitbridge/visitbridge-interfaces.nft

# A Raspberry Pi's watchdog is off unless its firmware is told; from the next start on systemd feeds it. Our own image has it already.
config=$(dirname "$here")/config.txt
if [ -e "$config" ] && ! grep -qx 'dtparam=watchdog=on' "$config"; then
    cp "$config" "$config.new"
    printf '\n[all]\ndtparam=watchdog=on\n' >>"$config.new"
    sync
    mv "$config.new" "$config"
fi

# Sealed to this machine's TPM where there is one, else to its host key.
install -d -m 0700 /etc/credstore.encrypted
for name in modem.password modem.sim_pin; do
    if [ -s "$private/$name" ]; then
        systemd-creds encrypt --name="$name" "$private/$name" "/etc/credstore.encrypted/$name"
    fi
done

if command -v raspi-config >/dev/null; then
    raspi-config nonint do_wifi_country "$(cat "$here/country")"
fi
rfkill unblock wifi 2>/dev/null || say "no radio to unblock"

# By hand: timedated is started by D-Bus, which gives it 25 s, and a slow card at its first boot may take longer.
ln -sf "/usr/share/zoneinfo/$(cat "$here/timezone")" /etc/localtime
install -m 0644 "$here/timezone" /etc/timezone

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"; }
for package in "$here"/visitbridge_*.deb; do
    if [ -e "$package" ]; then
        # What a start that was cut off had begun to install comes first, or apt refuses.
        DEBIAN_FRONTEND=noninteractive dpkg --configure -a
        # The image's own lists are of the day it was made: what they name may be gone.
        apt update
        # A box uses all that the package only recommends, and nothing of what those recommend.
        apt install --yes --no-install-recommends "$package" bluez fonts-arphic-uming libccid network-manager
    fi
done

# Trusted time comes from the gateway; a second clock setter would fight it. Not before: of a board without a clock apt believes nothing.
timedatectl set-ntp false 2>/dev/null || say "no time service to stop"

if [ -s "$private/box.pem" ]; then
    install -d -m 0700 -o visitbridge -g visitbridge /var/lib/visitbridge /var/lib/visitbridge/tls
    install -m 0600 -o visitbridge -g visitbridge "$private/box.pem" /var/lib/visitbridge/tls/institution.pem
fi
systemd-tmpfiles --create visitbridge.conf

# Rules before radio: phones find the box only once the firewall stands, also after a start that was cut off.
systemctl restart visitbridge-firewall.service
install -d -m 0700 /etc/NetworkManager/system-connections
for profile in "$private"/*.nmconnection; do
    install -m 0600 "$profile" /etc/NetworkManager/system-connections/
done
nmcli connection reload
nmcli connection up visitbridge-phones || say "the Wi-Fi comes up at the next start"
systemctl restart visitbridge.service
# What was made of the secrets is on the disk before they go.
sync
mv "$private" "$private.used"
sync
forget_secrets
