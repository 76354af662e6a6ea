package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	apiserveroptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/rest"
	logs "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserverflags "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controllermanagerflags "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	schedulerflags "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

const (
	readyWithin = 120 * time.Second
	// Watches of clients elsewhere never end by themselves: after this long they are cut.
	stoppedWithin = 3 * time.Second
)

func newUpCommand() *cobra.Command {
	c := cluster{}
	command := &cobra.Command{
		Use: "up", Short: "run etcd, the API server, the controllers and the scheduler until a signal comes",
		Args: cobra.NoArgs, SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error { return c.up() },
	}
	flags := command.Flags()
	flags.StringVar(&c.folder, "folder", "", "where data and certificates are")
	flags.StringVar(&c.address, "address", "127.0.0.1", "listen here")
	flags.IntVar(&c.port, "port", 0, "listen here; 0: any free port")
	flags.StringVar(&c.podCIDR, "pod-cidr", "10.64.0.0/16", "addresses of pods")
	flags.StringVar(&c.serviceCIDR, "service-cidr", "10.96.0.0/16", "addresses of services")
	flags.StringToStringVar(&c.nodes, "node", nil, "name=address of each node that gets certificates")
	return command
}

// up runs the whole control plane in this process. The store outlives the API server, which outlives its clients.
func (c cluster) up() error {
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logs.ReapplyHandling = logs.ReapplyHandlingIgnoreUnchanged
	rest.SetDefaultWarningHandler(rest.NoWarnings{})

	listener, port, err := apiserveroptions.CreateListener("tcp", net.JoinHostPort(c.address, fmt.Sprint(c.port)), net.ListenConfig{})
	if err != nil {
		return err
	}
	server := "https://" + net.JoinHostPort(c.address, fmt.Sprint(port))
	if err := c.writeCertificates(server); err != nil {
		return err
	}
	store, etcd, err := startEtcd(filepath.Join(c.folder, "etcd"))
	if err != nil {
		return err
	}
	defer closeStore(store)
	return c.run(stopping, listener, port, store, etcd)
}

func (c cluster) writeCertificates(server string) error {
	_, services, err := net.ParseCIDR(c.serviceCIDR)
	if err != nil {
		return err
	}
	first := services.IP.To4()
	serviceAddress := net.IPv4(first[0], first[1], first[2], first[3]+1)
	return writeCertificates(filepath.Join(c.folder, "certificates"), server, net.ParseIP(c.address), c.nodes, serviceAddress)
}

// run serves until it is told to stop or a part of it ends.
func (c cluster) run(stopping context.Context, listener net.Listener, port int, store *embed.Etcd, etcd string) error {
	all, err := c.parseOptions(etcd, port)
	if err != nil {
		return err
	}
	all.api.SecureServing.Listener = listener
	ended := make(chan error, 3)
	stopServing, err := serve(all.api, ended)
	if err != nil {
		return err
	}
	defer stopServing()
	if err := c.awaitReady(stopping, port, ended); err != nil {
		return err
	}
	if err := all.startControllers(stopping, ended); err != nil {
		return err
	}
	fmt.Println("ready")
	select {
	case <-stopping.Done():
		return nil
	case err := <-ended:
		if stopping.Err() != nil {
			return nil
		}
		return err
	case err := <-store.Err():
		return fmt.Errorf("etcd ended: %w", err)
	}
}

type allOptions struct {
	api         *apiserverflags.ServerRunOptions
	controllers *controllermanagerflags.KubeControllerManagerOptions
	scheduling  *schedulerflags.Options
}

// parseOptions makes all options before any is used: they share a registry of feature gates that is set once.
func (c cluster) parseOptions(etcd string, port int) (*allOptions, error) {
	controllers, err := controllermanagerflags.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, err
	}
	all := &allOptions{apiserverflags.NewServerRunOptions(), controllers, schedulerflags.NewOptions()}
	if err := utilerrors.NewAggregate([]error{
		parse("kube-apiserver", all.api.Flags(), c.apiServerFlags(etcd, port)),
		parse("kube-controller-manager", controllers.Flags(knownControllers()), c.controllerManagerFlags()),
		parse("kube-scheduler", *all.scheduling.Flags, c.schedulerFlags()),
	}); err != nil {
		return nil, err
	}
	if err := all.api.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	return all, logs.ValidateAndApply(all.api.Logs, feature.DefaultFeatureGate)
}

func knownControllers() (all, disabled []string, aliases map[string]string) {
	return controllermanager.KnownControllers(), controllermanager.ControllersDisabledByDefault(), controllermanager.ControllerAliases()
}

// serve runs the API server until the function that it returns is called, which waits for its end.
func serve(options *apiserverflags.ServerRunOptions, ended chan<- error) (stop func(), err error) {
	serving, cancel := context.WithCancel(context.Background())
	completed, err := options.Complete(serving)
	if err == nil {
		err = utilerrors.NewAggregate(completed.Validate())
	}
	if err != nil {
		cancel()
		return nil, err
	}
	served := make(chan struct{}, 1)
	go func() {
		ended <- fmt.Errorf("kube-apiserver ended: %v", apiserver.Run(serving, completed))
		served <- struct{}{}
	}()
	return func() {
		cancel()
		waitFor(served)
	}, nil
}

// startControllers runs the controllers and the scheduler until they are told to stop.
func (all *allOptions) startControllers(stopping context.Context, ended chan<- error) error {
	known, disabled, aliases := knownControllers()
	config, err := all.controllers.Config(stopping, known, disabled, aliases)
	if err != nil {
		return err
	}
	go func() {
		ended <- fmt.Errorf("kube-controller-manager ended: %v", controllermanager.Run(stopping, config.Complete()))
	}()
	schedulerConfig, instance, err := scheduler.Setup(stopping, all.scheduling)
	if err != nil {
		return err
	}
	go func() {
		ended <- fmt.Errorf("kube-scheduler ended: %v", scheduler.Run(stopping, schedulerConfig, instance))
	}()
	return nil
}

// awaitReady returns when /readyz says ok: the controllers need the roles that the API server makes first.
func (c cluster) awaitReady(stopping context.Context, port int, ended <-chan error) error {
	authority, err := os.ReadFile(c.certificate("ca.crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	url := fmt.Sprintf("https://%s/readyz", net.JoinHostPort(c.address, fmt.Sprint(port)))
	deadline := time.After(readyWithin)
	latest := "no answer"
	for {
		if answer, err := client.Get(url); err == nil {
			body, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			latest = string(body)
		}
		select {
		case err := <-ended:
			return err
		case <-stopping.Done():
			return stopping.Err()
		case <-deadline:
			return fmt.Errorf("the API server was not ready within %s: %s", readyWithin, latest)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// closeStore gives the store a moment for a clean end. What it has written survives an unclean one too.
func closeStore(store *embed.Etcd) {
	closed := make(chan struct{}, 1)
	go func() {
		store.Close()
		closed <- struct{}{}
	}()
	waitFor(closed)
}

func waitFor(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(stoppedWithin):
	}
}
