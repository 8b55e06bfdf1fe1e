#!/bin/bash
# Run once by systemd, before anything else of the system; restarts the machine when it is done.
set -eu
hostnamectl set-hostname visitbridge-vb-001 || echo visitbridge-vb-001 >/etc/hostname
sed -i 's/127.0.1.1.*/127.0.1.1\tvisitbridge-vb-001/' /etc/hosts
id technician >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo technician
passwd --lock technician
install -d -m 0700 -o technician -g technician /home/technician/.ssh
printf '%s\n' 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample technician' >/home/technician/.ssh/authorized_keys
chown technician: /home/technician/.ssh/authorized_keys && chmod 0600 /home/technician/.ssh/authorized_keys
echo 'technician ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/010-technician
mkdir -p /etc/ssh/sshd_config.d && echo 'PasswordAuthentication no' >/etc/ssh/sshd_config.d/visitbridge.conf
systemctl enable ssh
# Nothing but the base system runs now; the rest waits for the services it needs.
install -m 0644 /boot/firmware/visitbridge/visitbridge-first-boot.service /etc/systemd/system/visitbridge-first-boot.service
systemctl enable visitbridge-first-boot.service
rm -f /boot/firmware/firstrun.sh
sed -i 's| systemd.run.*||' /boot/firmware/cmdline.txt
