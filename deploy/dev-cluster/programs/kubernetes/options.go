package main

import (
	"fmt"
	"net"
	"path/filepath"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
)

// A cluster is what `up` was asked for.
type cluster struct {
	folder      string
	address     string
	port        int
	podCIDR     string
	serviceCIDR string
	nodes       map[string]string
}

func (c cluster) certificate(file string) string {
	return filepath.Join(c.folder, "certificates", file)
}

func (c cluster) apiServerFlags(etcd string, port int) []string {
	flags := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + c.address, fmt.Sprintf("--secure-port=%d", port), "--advertise-address=" + c.address,
		"--tls-cert-file=" + c.certificate("apiserver.crt"), "--tls-private-key-file=" + c.certificate("apiserver.key"),
		"--client-ca-file=" + c.certificate("ca.crt"),
		"--kubelet-client-certificate=" + c.certificate("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + c.certificate("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + c.certificate("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.certificate("service-account.pub"),
		"--service-account-signing-key-file=" + c.certificate("service-account.key"),
		"--service-cluster-ip-range=" + c.serviceCIDR, "--allow-privileged=true",
		"--requestheader-client-ca-file=" + c.certificate("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + c.certificate("front-proxy-client.crt"),
		"--proxy-client-key-file=" + c.certificate("front-proxy-client.key"),
		"--profiling=false",
	}
	// Endpoints of the `kubernetes` Service must not be loopback addresses: without a node there are none.
	if net.ParseIP(c.address).IsLoopback() {
		flags = append(flags, "--endpoint-reconciler-type=none")
	}
	return flags
}

func (c cluster) controllerManagerFlags() []string {
	identity := c.certificate("controller-manager.kubeconfig")
	return []string{
		"--kubeconfig=" + identity, "--authentication-kubeconfig=" + identity, "--authorization-kubeconfig=" + identity,
		"--service-account-private-key-file=" + c.certificate("service-account.key"),
		"--root-ca-file=" + c.certificate("ca.crt"),
		"--cluster-signing-cert-file=" + c.certificate("ca.crt"), "--cluster-signing-key-file=" + c.certificate("ca.key"),
		"--use-service-account-credentials=true", "--leader-elect=false", "--secure-port=0", "--profiling=false",
		"--allocate-node-cidrs=true", "--cluster-cidr=" + c.podCIDR, "--service-cluster-ip-range=" + c.serviceCIDR,
		"--node-cidr-mask-size=24",
		// A quota on a kind that was created later is unknown until the next sync: 5 minutes by default.
		"--resource-quota-sync-period=10s",
	}
}

func (c cluster) schedulerFlags() []string {
	identity := c.certificate("scheduler.kubeconfig")
	return []string{
		"--kubeconfig=" + identity, "--authentication-kubeconfig=" + identity, "--authorization-kubeconfig=" + identity,
		"--leader-elect=false", "--secure-port=0", "--profiling=false",
	}
}

// parse sets options from flags, as the program of that name would from its command line.
func parse(program string, sets cliflag.NamedFlagSets, flags []string) error {
	all := pflag.NewFlagSet(program, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	if err := all.Parse(flags); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}
