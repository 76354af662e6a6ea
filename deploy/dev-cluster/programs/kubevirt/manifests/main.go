// Command manifests prints, as one JSON document, the objects that KubeVirt's operator would
// install: made by KubeVirt's own packages, so they fit the programs built from the same module.
// Addresses, certificates and images are filled in by whoever applies them.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/rbac"
	"kubevirt.io/kubevirt/pkg/virt-operator/util"
)

const namespace = "kubevirt"

// document groups the objects by when they are applied.
type document struct {
	Definitions   []any `json:"definitions"`
	PriorityClass any   `json:"priorityClass"`
	Permissions   []any `json:"permissions"`
	Webhooks      []any `json:"webhooks"`
	APIServices   []any `json:"apiServices"`
	Handler       any   `json:"handler"`
}

func main() {
	doc, err := build()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(doc)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func build() (*document, error) {
	definitions, err := customResourceDefinitions()
	if err != nil {
		return nil, err
	}
	return &document{
		Definitions:   definitions,
		PriorityClass: components.NewKubeVirtPriorityClassCR(),
		Permissions:   permissions(),
		Webhooks: []any{
			components.NewVirtAPIValidatingWebhookConfiguration(namespace),
			components.NewVirtAPIMutatingWebhookConfiguration(namespace),
			components.NewVirtLauncherPodMutatingWebhookConfiguration(namespace),
		},
		APIServices: list(components.NewVirtAPIAPIServices(namespace)),
		Handler:     handler(),
	}, nil
}

func customResourceDefinitions() ([]any, error) {
	var all []any
	for _, make := range []func() (*extensions.CustomResourceDefinition, error){
		components.NewVirtualMachineInstanceCrd, components.NewVirtualMachineCrd,
		components.NewPresetCrd, components.NewReplicaSetCrd,
		components.NewVirtualMachineInstanceMigrationCrd, components.NewKubeVirtCrd,
		components.NewVirtualMachinePoolCrd, components.NewVirtualMachineSnapshotCrd,
		components.NewVirtualMachineSnapshotContentCrd, components.NewVirtualMachineRestoreCrd,
		components.NewVirtualMachineExportCrd, components.NewVirtualMachineBackupCrd,
		components.NewVirtualMachineBackupTrackerCrd, components.NewVirtualMachineInstancetypeCrd,
		components.NewVirtualMachineClusterInstancetypeCrd, components.NewVirtualMachinePreferenceCrd,
		components.NewVirtualMachineClusterPreferenceCrd, components.NewMigrationPolicyCrd,
		components.NewVirtualMachineCloneCrd,
	} {
		definition, err := make()
		if err != nil {
			return nil, err
		}
		all = append(all, definition)
	}
	return all, nil
}

func permissions() []any {
	var all []any
	for _, set := range [][]runtime.Object{
		rbac.GetAllCluster(), rbac.GetAllApiServer(namespace), rbac.GetAllController(namespace, true),
		rbac.GetAllHandler(namespace), rbac.GetAllExportProxy(namespace),
		rbac.GetAllSynchronizationController(namespace),
	} {
		all = append(all, list(set)...)
	}
	return all
}

// handler is the DaemonSet of virt-handler; its images are named where it is applied.
func handler() any {
	config := &util.KubeVirtDeploymentConfig{
		Namespace:            namespace,
		AdditionalProperties: map[string]string{},
	}
	config.VirtHandlerImage, config.VirtLauncherImage = "virt-handler", "virt-launcher"
	return components.NewHandlerDaemonSet(config, "", "", "")
}

func list[T any](objects []T) []any {
	all := make([]any, 0, len(objects))
	for _, object := range objects {
		all = append(all, object)
	}
	return all
}
