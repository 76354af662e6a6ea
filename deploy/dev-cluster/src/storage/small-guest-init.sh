#!/bin/busybox sh
# The only program of the small guest: it gets an address, answers HTTP on 8080 and SSH on 22, and
# powers off when asked; /boot is another one after each boot. It understands of its seed only SSH keys.
/bin/busybox mkdir -p /bin /dev /proc /sys /tmp /run /etc/dropbear /root/.ssh /seed /data /www
/bin/busybox --install -s /bin
export PATH=/bin:/usr/sbin:/usr/bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mkdir -p /dev/pts && mount -t devpts none /dev/pts
exec </dev/ttyS0 >/dev/ttyS0 2>&1
for module in $(cat /modules/order); do insmod "/modules/$module"; done
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -n -q -t 20 -T 1 -s /etc/udhcpc.sh

for disk in /dev/vd? /dev/sd? /dev/sr?; do
  [ -b "$disk" ] && mount -t iso9660 -o ro "$disk" /seed 2>/dev/null && break
done
grep -ho 'ssh-[a-z0-9-]* [A-Za-z0-9+/=]*\|ecdsa-[a-z0-9-]* [A-Za-z0-9+/=]*' /seed/user-data >/root/.ssh/authorized_keys
chmod 700 /root /root/.ssh && chmod 600 /root/.ssh/authorized_keys
hostname "$(sed -n 's/^local-hostname: *//p' /seed/meta-data)"

# The second disk without a seed, if there is one, keeps what is put into it.
for disk in /dev/vdb /dev/vdc /dev/vdd; do
  [ -b "$disk" ] || continue
  mount -t ext4 "$disk" /data 2>/dev/null && break
  head -c 65536 "$disk" | tr -d '\0' | grep -q . && continue
  mke2fs "$disk" >/dev/null 2>&1 && mount -t ext2 "$disk" /data && break
done

cp /proc/sys/kernel/random/boot_id /www/boot
echo 'small guest' >/www/index.html
httpd -p 8080 -h /www
dropbear -R -s -p 22
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080
acpid -c /etc/acpi -l /dev/null
echo 'small guest: up'
while :; do setsid cttyhack sh; sleep 1; done
