// Command importer-definitions prints the custom resource definitions of the Containerized Data
// Importer (DataVolume, DataSource, …) from its own package, as one stream of YAML documents.
package main

import (
	"fmt"
	"maps"
	"slices"

	"kubevirt.io/containerized-data-importer/pkg/operator/resources"
)

func main() {
	for _, name := range slices.Sorted(maps.Keys(resources.CDICRDs)) {
		fmt.Printf("---\n%s\n", resources.CDICRDs[name])
	}
}
