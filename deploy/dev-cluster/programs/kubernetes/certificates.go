package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A subject is what one certificate says about its owner, and the file it goes to.
type subject struct {
	file          string
	name          string
	organizations []string
	usage         x509.ExtKeyUsage
	hosts         []string
	addresses     []net.IP
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// writeCertificates fills the folder with everything that proves who is who in one cluster.
// A folder that is complete already is left as it is: a restarted control plane keeps its identity.
func writeCertificates(folder, server string, address net.IP, nodes map[string]string, serviceAddress net.IP) error {
	if _, err := os.Stat(filepath.Join(folder, "complete")); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	cluster, err := newAuthority(folder, "ca")
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority(folder, "front-proxy-ca")
	if err != nil {
		return err
	}
	if err := cluster.issue(folder, serverSubjects(address, nodes, serviceAddress)...); err != nil {
		return err
	}
	if err := cluster.issue(folder, subject{file: "apiserver-kubelet-client", name: "kube-apiserver-kubelet-client",
		organizations: []string{"system:masters"}, usage: x509.ExtKeyUsageClientAuth}); err != nil {
		return err
	}
	if err := frontProxy.issue(folder, subject{file: "front-proxy-client", name: "front-proxy-client", usage: x509.ExtKeyUsageClientAuth}); err != nil {
		return err
	}
	for _, user := range userSubjects(nodes) {
		if err := cluster.issue(folder, user); err != nil {
			return err
		}
		if err := writeKubeconfig(folder, user.file, server); err != nil {
			return err
		}
	}
	if err := writeServiceAccountKey(folder); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "complete"), nil, 0o600)
}

func serverSubjects(address net.IP, nodes map[string]string, serviceAddress net.IP) []subject {
	subjects := []subject{{
		file: "apiserver", name: "kube-apiserver", usage: x509.ExtKeyUsageServerAuth,
		hosts:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		addresses: []net.IP{net.IPv4(127, 0, 0, 1), address, serviceAddress},
	}}
	for name, nodeAddress := range nodes {
		subjects = append(subjects, subject{
			file: "kubelet-server-" + name, name: "system:node:" + name, organizations: []string{"system:nodes"},
			usage: x509.ExtKeyUsageServerAuth, hosts: []string{name}, addresses: []net.IP{net.ParseIP(nodeAddress)},
		})
	}
	return subjects
}

func userSubjects(nodes map[string]string) []subject {
	client := x509.ExtKeyUsageClientAuth
	users := []subject{
		{file: "admin", name: "kubernetes-admin", organizations: []string{"system:masters"}, usage: client},
		{file: "controller-manager", name: "system:kube-controller-manager", usage: client},
		{file: "scheduler", name: "system:kube-scheduler", usage: client},
		{file: "kube-proxy", name: "system:kube-proxy", usage: client},
		{file: "network-policy", name: "leasehold:network-policy", usage: client},
	}
	for name := range nodes {
		users = append(users, subject{file: "kubelet-" + name, name: "system:node:" + name, organizations: []string{"system:nodes"}, usage: client})
	}
	return users
}

func newAuthority(folder, file string) (*authority, error) {
	template := newTemplate("leasehold-dev-cluster-" + file)
	template.IsCA = true
	template.KeyUsage |= x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(encoded)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key}, writePair(folder, file, encoded, key)
}

func (by *authority) issue(folder string, subjects ...subject) error {
	for _, to := range subjects {
		template := newTemplate(to.name)
		template.Subject.Organization = to.organizations
		template.ExtKeyUsage = []x509.ExtKeyUsage{to.usage}
		template.DNSNames, template.IPAddresses = to.hosts, to.addresses
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		encoded, err := x509.CreateCertificate(rand.Reader, template, by.certificate, &key.PublicKey, by.key)
		if err != nil {
			return fmt.Errorf("certificate of %s: %w", to.name, err)
		}
		if err := writePair(folder, to.file, encoded, key); err != nil {
			return err
		}
	}
	return nil
}

func newTemplate(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, BasicConstraintsValid: true,
	}
}

func writePair(folder, file string, certificate []byte, key *ecdsa.PrivateKey) error {
	if err := writeKey(folder, file, key); err != nil {
		return err
	}
	return writePEM(folder, file+".crt", "CERTIFICATE", certificate)
}

func writeKey(folder, file string, key *ecdsa.PrivateKey) error {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(folder, file+".key", "EC PRIVATE KEY", encoded)
}

func writeServiceAccountKey(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writeKey(folder, "service-account", key); err != nil {
		return err
	}
	return writePEM(folder, "service-account.pub", "PUBLIC KEY", public)
}

func writePEM(folder, file, kind string, bytes []byte) error {
	return os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600)
}

func writeKubeconfig(folder, file, server string) error {
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			panic(err)
		}
		return content
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["dev"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: read("ca.crt")}
	config.AuthInfos[file] = &clientcmdapi.AuthInfo{ClientCertificateData: read(file + ".crt"), ClientKeyData: read(file + ".key")}
	config.Contexts["dev"] = &clientcmdapi.Context{Cluster: "dev", AuthInfo: file}
	config.CurrentContext = "dev"
	return clientcmd.WriteToFile(*config, filepath.Join(folder, file+".kubeconfig"))
}
