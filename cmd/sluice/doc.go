package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/orgdata"
	"sluice/policies"
)

func docCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doc",
		Short: "Print the reference: variables, policies, rules of lint, case files, data of an organization",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "variables", Short: "Flow variables", Args: cobra.NoArgs,
			Long: `variables lists the flow variables that the runtime defines, from the table that
it reads and writes them with. Scope is where a variable can be read from: PQ proxy
request, TQ target request, TR target response, PR proxy response, PC
PostClientFlow, ER error state. M stands for a message: request, response, message,
error, or one that a policy made.`,
			RunE: func(cmd *cobra.Command, _ []string) error { return docVariables(cmd.OutOrStdout()) },
		},
		&cobra.Command{
			Use: "policies [NAME]", Short: "Policy types, or one of them with a sample", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return docPolicies(cmd.OutOrStdout(), args) },
		},
		docRulesCommand(),
		docText("cases", "The *.case files of sluice test: their sections, and what may lie beside them", cases.Reference()),
		docText("orgdata", "The files that hold products, apps, maps and target servers, each with an example", orgdata.Forms),
	)
	return cmd
}

// docText is a command that prints a text.
func docText(name, short, text string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
}

func docVariables(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "VARIABLE\tTYPE\tFROM\tACCESS\tMEANING")
	for _, v := range flow.Variables() {
		access := "read"
		if v.Write {
			access = "read, write"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", v.Name, v.Type, v.Scope, access, v.Doc)
	}
	return t.Flush()
}

func docPolicies(w io.Writer, args []string) error {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		return err
	}
	if len(args) == 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, k := range registry.Kinds() {
			if k.AliasOf != "" {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\n", k.Name, k.Group, k.Doc.Title)
		}
		return t.Flush()
	}
	k := registry.Lookup(args[0])
	if k == nil {
		return fmt.Errorf("no policy type is called %q; `sluice doc policies` lists them", args[0])
	}
	fmt.Fprintf(w, "%s: %s\n\n%s\n\n%s\n\nFaults:\n", k.Name, k.Doc.Title, strings.TrimSpace(k.Doc.Text), strings.TrimSpace(k.Doc.Sample))
	return writeFaults(w, args)
}
