// Command sluice serves Apigee API proxy bundles, unmodified.
//
// Each subcommand has a file of its own; serve.go is the only place where the
// parts of the runtime are joined.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/internal/spelling"
)

func main() {
	err := root().Execute()
	if err == nil {
		return
	}
	var code exitCode
	if errors.As(err, &code) {
		os.Exit(int(code))
	}
	fmt.Fprintln(os.Stderr, "sluice: "+err.Error())
	os.Exit(2)
}

// exitCode ends the process without a further message: what there was to say has
// been printed.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sluice",
		Short: "Serve Apigee API proxy bundles, unmodified",
		Long: `sluice loads Apigee API proxy bundles as they are and serves them: on a laptop,
in CI, in production.

  sluice serve ./examples      serve every bundle below a folder
  sluice test ./my-proxy       run the *.case files beside a bundle
  sluice lint ./my-proxy       list everything that is wrong with a bundle
  sluice mock                  stand-ins for the backends that samples call
  sluice doc variables         reference of flow variables; also policies, cases, orgdata
  sluice faults Quota          the documented faults of a policy type

Exit codes: 0 all is well, 1 problems were found, 2 the command was not
understood or could not run, or there is nothing to work on.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(serveCommand(), testCommand(), lintCommand(), importCommand(), integrationsCommand(), envCommand(), mockCommand(), docCommand(), faultsCommand(), versionCommand())
	return cmd
}

// flagError adds to what is wrong with the flags the name that was probably meant,
// and where all are described.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if meant := spelling.Likely(unknown.GetSpecifiedName(), names); meant != "" {
			err = fmt.Errorf("%w; did you mean --%s?", err, meant)
		}
	}
	return fmt.Errorf("%w\n`%s --help` lists the flags", err, cmd.CommandPath())
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), version())
		},
	}
}

// version is what the build recorded: the module's version or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "sluice (unknown version)"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("sluice %s, %s", v, info.GoVersion)
}
