// Command faultcat turns the fault reference, one YAML list, into the JSON
// files that package faults embeds: one file per policy element, and
// runtime.json for the faults of the runtime itself.
//
//	go run ./internal/tools/faultcat FAULTS.yaml faults/catalogue
//
// Every field survives in the order of the YAML, nulls included, so that a
// difference in the output is a difference in the facts. The hand-written
// catalogue/sluice.json is never touched.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: faultcat FAULTS.yaml OUTPUT_DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "faultcat:", err)
		os.Exit(1)
	}
}

// run reads the YAML file and writes the catalogue files into dir, which must exist.
func run(yamlFile, dir string) error {
	source, err := os.ReadFile(yamlFile)
	if err != nil {
		return err
	}
	files, err := Files(source)
	if err != nil {
		return fmt.Errorf("%s: %w", yamlFile, err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
