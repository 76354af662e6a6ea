// Command devices is a kubelet device plugin for GPUs that do not exist: containers that ask for one
// get an environment variable that names it and nothing else.
//
//	devices -unhealthy FILE nvidia.com/gpu=4 nvidia.com/mig-1g.10gb=7
//
// FILE, which need not exist, lists the devices that are broken, one a line.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	plugin "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const registrationLimit = 10 * time.Second

func main() {
	unhealthy := flag.String("unhealthy", "", "file with the names of broken devices")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serveAll(ctx, flag.Args(), *unhealthy); err != nil {
		log.Fatal("devices: ", err)
	}
}

// serveAll offers every resource until the context ends; a resource begins again with each kubelet.
func serveAll(ctx context.Context, resources []string, unhealthy string) error {
	if len(resources) == 0 {
		return fmt.Errorf("name resources, such as nvidia.com/gpu=4")
	}
	failed := make(chan error, len(resources))
	for _, text := range resources {
		name, count, found := strings.Cut(text, "=")
		number, err := strconv.Atoi(count)
		if !found || err != nil || number < 1 {
			return fmt.Errorf("%q is not NAME=COUNT", text)
		}
		go func() {
			for ctx.Err() == nil {
				if err := serve(ctx, newDevices(name, number, unhealthy)); err != nil {
					failed <- fmt.Errorf("%s: %w", name, err)
					return
				}
			}
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// serve offers one resource to the kubelet of the moment and returns once that is another one.
func serve(ctx context.Context, devices *devices) error {
	generation := waitForKubelet(ctx)
	if ctx.Err() != nil {
		return nil
	}
	endpoint := strings.ReplaceAll(devices.resource, "/", "_") + ".sock"
	socket := filepath.Join(plugin.DevicePluginPath, endpoint)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	plugin.RegisterDevicePluginServer(server, devices)
	go server.Serve(listener) //nolint:errcheck // ends with Stop below
	defer server.Stop()
	defer close(devices.ended)
	if err := register(ctx, devices.resource, endpoint); err != nil {
		log.Printf("%s: %v", devices.resource, err)
		time.Sleep(time.Second)
		return nil
	}
	log.Printf("%s: %d devices", devices.resource, len(devices.names))
	for ctx.Err() == nil && kubeletGeneration() == generation {
		time.Sleep(time.Second)
	}
	return nil
}

func register(ctx context.Context, resource, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, registrationLimit)
	defer cancel()
	connection, err := grpc.NewClient("unix://"+plugin.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	request := &plugin.RegisterRequest{Version: plugin.Version, Endpoint: endpoint, ResourceName: resource}
	_, err = plugin.NewRegistrationClient(connection).Register(ctx, request)
	return err
}

// kubeletGeneration changes when kubelet makes its socket anew, which forgets all plugins.
func kubeletGeneration() string {
	info, err := os.Stat(plugin.KubeletSocket)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Sys().(*syscall.Stat_t).Ino, info.ModTime().UnixNano())
}

func waitForKubelet(ctx context.Context) string {
	for ctx.Err() == nil {
		if generation := kubeletGeneration(); generation != "" {
			return generation
		}
		time.Sleep(500 * time.Millisecond)
	}
	return ""
}

type devices struct {
	plugin.UnimplementedDevicePluginServer
	resource  string
	names     []string
	unhealthy string
	ended     chan struct{}
}

func newDevices(resource string, count int, unhealthy string) *devices {
	_, kind, _ := strings.Cut(resource, "/")
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("pretend-%s-%d", kind, i)
	}
	return &devices{resource: resource, names: names, unhealthy: unhealthy, ended: make(chan struct{})}
}

func (d *devices) GetDevicePluginOptions(context.Context, *plugin.Empty) (*plugin.DevicePluginOptions, error) {
	return &plugin.DevicePluginOptions{}, nil
}

// ListAndWatch tells the devices and, within a second, each change of their health.
func (d *devices) ListAndWatch(_ *plugin.Empty, stream grpc.ServerStreamingServer[plugin.ListAndWatchResponse]) error {
	var told []string
	for first := true; ; first = false {
		broken := d.broken()
		if first || !slices.Equal(told, broken) {
			if err := stream.Send(d.list(broken)); err != nil {
				return err
			}
			told = broken
		}
		select {
		case <-d.ended:
			return nil
		case <-stream.Context().Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func (d *devices) list(broken []string) *plugin.ListAndWatchResponse {
	answer := &plugin.ListAndWatchResponse{}
	for _, name := range d.names {
		health := plugin.Healthy
		if slices.Contains(broken, name) {
			health = plugin.Unhealthy
		}
		answer.Devices = append(answer.Devices, &plugin.Device{ID: name, Health: health})
	}
	return answer
}

func (d *devices) broken() []string {
	text, err := os.ReadFile(d.unhealthy)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

func (d *devices) Allocate(_ context.Context, request *plugin.AllocateRequest) (*plugin.AllocateResponse, error) {
	answer := &plugin.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		variables := map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(container.DevicesIds, ",")}
		answer.ContainerResponses = append(answer.ContainerResponses, &plugin.ContainerAllocateResponse{Envs: variables})
	}
	return answer, nil
}
