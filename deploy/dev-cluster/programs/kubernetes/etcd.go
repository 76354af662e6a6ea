package main

import (
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs a one-member store on a free loopback port and returns its address.
// It does not wait for the disk: this cluster's data is thrown away with it.
func startEtcd(folder string) (*embed.Etcd, string, error) {
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "warn"
	config.UnsafeNoFsync = true
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, "", fmt.Errorf("etcd: %w", err)
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, "http://" + store.Clients[0].Addr().String(), nil
	case err := <-store.Err():
		return nil, "", fmt.Errorf("etcd: %w", err)
	case <-time.After(60 * time.Second):
		store.Close()
		return nil, "", fmt.Errorf("etcd was not ready within 60 s")
	}
}
