# The first process of a node, in mount, network and process namespaces of its own: gives the node
# its own /dev, /run and /var, then becomes the program that keeps the namespaces.
# $1 the node's folder, $2 that program
set -eu
cd "$1"
mkdir -p kubelet var-lib/upper var-lib/work

# /var/lib is the host's with the node's changes on top; what the kubelet keeps lies on the disk itself.
mount -t overlay overlay -o lowerdir=/var/lib,upperdir=var-lib/upper,workdir=var-lib/work /var/lib
mkdir -p /var/lib/kubelet
mount --bind kubelet /var/lib/kubelet
mount -t tmpfs -o mode=755 tmpfs /var/log

# Devices that every container may have, the tunnel device for virtual machines' networks, and no /dev/kvm.
mkdir -p dev
mount -t tmpfs -o mode=755,nosuid tmpfs dev
mkdir dev/net dev/pts dev/shm dev/mqueue
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 644 dev/kmsg c 1 11
mknod -m 666 dev/tty c 5 0
mknod -m 666 dev/net/tun c 10 200
mount -t devpts -o gid=5,mode=620,ptmxmode=666,newinstance devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount --move dev /dev

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns
# What KubeVirt's handler shares with the pods of machines.
mkdir -p /run/kubevirt /run/kubevirt-private /run/kubevirt-libvirt-runtimes /var/lib/kubevirt-node-labeller
mount --make-rshared /
touch ready
exec "$2"
