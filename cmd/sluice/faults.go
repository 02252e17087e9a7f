package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/faults"
	"sluice/policies"
)

func faultsCommand() *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "faults [POLICY|CODE]",
		Short: "List the documented faults: code, status, text, cause",
		Long: `faults lists what can go wrong, as Apigee documents it: of every policy type, also
those that are not available yet, of the runtime, and of deployments.

  sluice faults                          all of them
  sluice faults IntegrationCallout       those of a policy type
  sluice faults InvalidApiKey            a fault by its name or its code`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch format {
			case "text":
				return writeFaults(cmd.OutOrStdout(), args)
			case "json":
				list, err := faultsNamed(args)
				if err != nil {
					return err
				}
				return writeJSON(cmd.OutOrStdout(), asJSON(list))
			}
			return fmt.Errorf("--format is %q; it is text or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "`form`: text or json")
	return cmd
}

// faultJSON is a fault for programs, in the words of the catalogue's files.
type faultJSON struct {
	Element     string   `json:"element"`
	Kind        string   `json:"kind"`
	Code        string   `json:"code"`
	Name        string   `json:"name"`
	Status      int      `json:"status,omitempty"`
	StatusEdge  int      `json:"status_edge,omitempty"`
	Faultstring string   `json:"faultstring,omitempty"`
	Flags       []string `json:"flags,omitempty"`
	Cause       string   `json:"cause,omitempty"`
	Evidence    string   `json:"evidence"`
	Source      string   `json:"source,omitempty"`
}

func asJSON(list []*faults.Def) []faultJSON {
	out := make([]faultJSON, len(list))
	for i, d := range list {
		out[i] = faultJSON{d.Element, string(d.Kind), d.Code, d.Name, d.Status, d.StatusEdge, d.Text, d.Flags, d.Cause, d.Evidence, d.Source}
	}
	return out
}

// faultsNamed returns the faults of a policy type, or with a name or a code; all
// of them without an argument.
func faultsNamed(args []string) ([]*faults.Def, error) {
	if len(args) == 0 {
		return faults.All(), nil
	}
	var list []*faults.Def
	for _, d := range faults.All() {
		if strings.EqualFold(d.Element, args[0]) || strings.EqualFold(d.Code, args[0]) || strings.EqualFold(d.Name, args[0]) {
			list = append(list, d)
		}
	}
	if list == nil && !isPolicy(args[0]) {
		return nil, errors.New("no fault of " + args[0] + " is catalogued; `sluice faults` lists all")
	}
	return list, nil
}

func isPolicy(name string) bool {
	for _, k := range policies.All() {
		if k.Name == name {
			return true
		}
	}
	return false
}

func writeFaults(w io.Writer, args []string) error {
	list, err := faultsNamed(args)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ELEMENT\tKIND\tSTATUS\tCODE\tTEXT\tCAUSE")
	for _, d := range list {
		status := "-"
		if d.Status != 0 {
			status = fmt.Sprint(d.Status)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Element, d.Kind, status, d.Code, d.Text, d.Cause)
	}
	return t.Flush()
}
