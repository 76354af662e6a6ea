// Command certificates makes a certificate authority for KubeVirt and the certificates by which its
// programs know each other, into the folder given as its only argument. KubeVirt's operator would
// make the same; the names are those that KubeVirt's programs check. Keys are readable by their owner.
package main

import (
	"crypto"
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
)

const validity = 365 * 24 * time.Hour

// leaf is one certificate: its file name, common name and the names it is valid for.
type leaf struct {
	file, commonName string
	dnsNames         []string
}

var leaves = []leaf{
	{"virt-api", "virt-api.kubevirt.svc", []string{"virt-api", "virt-api.kubevirt", "virt-api.kubevirt.svc", "localhost"}},
	{"handler-client", "kubevirt.io:system:client:virt-handler", []string{"kubevirt.io:system:client:virt-handler"}},
	{"handler-server", "kubevirt.io:system:node:virt-handler", []string{"kubevirt.io:system:node:virt-handler"}},
	{"migration", "kubevirt.io:system:client:migration", []string{"kubevirt.io:system:client:migration"}},
	{"vsock", "kubevirt.io:system:client:vsock", []string{"kubevirt.io:system:client:vsock"}},
	{"metrics", "kubevirt.io:system:prom", []string{"localhost"}},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: certificates FOLDER")
		os.Exit(2)
	}
	if err := writeAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func writeAll(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := template("kubevirt.io")
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	if err := write(folder, "authority", authority, authority, key, key); err != nil {
		return err
	}
	for _, l := range leaves {
		certificate := template(l.commonName)
		certificate.DNSNames = l.dnsNames
		certificate.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		certificate.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		certificate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		if err := write(folder, l.file, certificate, authority, leafKey, key); err != nil {
			return err
		}
	}
	return nil
}

func template(commonName string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the system has no randomness
	}
	// An hour back, for clocks that differ.
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
	}
}

func write(folder, name string, certificate, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, crypto.PublicKey(&key.PublicKey), parentKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(folder, name+".crt"), "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, name+".key"), "EC PRIVATE KEY", keyDER, 0o600)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
