package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

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

// writeFaults lists faults for people: element, kind, status and code, and below them
// what a client reads and why it arises.
func writeFaults(w io.Writer, args []string) error {
	list, err := faultsNamed(args)
	if err != nil {
		return err
	}
	for _, d := range list {
		status := "-"
		if d.Status != 0 {
			status = fmt.Sprint(d.Status)
		}
		if _, err := fmt.Fprintf(w, "%s  %s  %s  %s\n%s%s", d.Element, d.Kind, status, d.Code, labelled("text", d.Text), labelled("cause", d.Cause)); err != nil {
			return err
		}
	}
	return nil
}

// pageWidth is how wide the texts of a reference are, in bytes.
const pageWidth = 100

// labelled is text below a label, in lines that fit on a page; nothing for no text.
func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	const margin = "         "
	var out strings.Builder
	line := fmt.Sprintf("  %-*s", len(margin)-2, label)
	for i, word := range strings.Fields(text) {
		if i > 0 && len(line)+1+len(word) > pageWidth {
			out.WriteString(line + "\n")
			line = margin + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	return out.String() + line + "\n"
}
