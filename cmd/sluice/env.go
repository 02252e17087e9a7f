package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/devproxy"
)

// googleProxy is where serve answers for *.googleapis.com by default.
const googleProxy = "127.0.0.1:8086"

func envCommand() *cobra.Command {
	proxy, dir, apis := googleProxy, caDirectory(), integrationsURL
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables that point Google's tools at this machine",
		Long: `env prints what a shell needs so that integrationcli, apigeecli, gcloud and
Terraform talk to a running sluice instead of Google:

  sluice serve ./my-proxy --integrations-listen 127.0.0.1:8085 --google-proxy 127.0.0.1:8086 &
  eval "$(sluice env)"
  integrationcli integrations list -p local -r us-central1 -t any --disable-check

HTTPS_PROXY sends all HTTPS to sluice, which answers for some names below
googleapis.com and refuses the rest: use it in a shell of its own. SSL_CERT_FILE
names a certificate authority that is made here when there is none, and that can
sign for googleapis.com only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printEnvironment(cmd.OutOrStdout(), proxy, dir, apis)
		},
	}
	cmd.Flags().StringVar(&proxy, "google-proxy", proxy, "`address` of the proxy, as given to serve")
	cmd.Flags().StringVar(&dir, "google-proxy-ca", dir, "`folder` of its certificate authority")
	cmd.Flags().StringVar(&apis, "url", apis, "`URL` of the API of Application Integration")
	return cmd
}

// caDirectory is where the proxy's certificate authority is unless somebody says otherwise.
func caDirectory() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = os.TempDir() // without a home
	}
	return filepath.Join(dir, "sluice", "google-proxy")
}

func printEnvironment(w io.Writer, proxy, dir, apis string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	ca, err := devproxy.OpenCA(dir, time.Now())
	if err != nil {
		return err
	}
	at := &url.URL{Scheme: "http", Host: visible(proxy)}
	for _, v := range [][2]string{
		{"HTTPS_PROXY", at.String()},
		{"https_proxy", at.String()}, // gRPC of Node reads only this spelling
		{"NO_PROXY", "localhost,127.0.0.1"},
		{"no_proxy", "localhost,127.0.0.1"},
		{"SSL_CERT_FILE", ca.File()},
		{"NODE_EXTRA_CA_CERTS", ca.File()},
		{"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", ca.File()},
		{"SLUICE_INTEGRATIONS_URL", apis},
		{"GOOGLE_INTEGRATIONS_CUSTOM_ENDPOINT", strings.TrimSuffix(apis, "/") + "/v1/"}, // Terraform
	} {
		if _, err := fmt.Fprintf(w, "export %s=%s\n", v[0], quoted(v[1])); err != nil {
			return err
		}
	}
	return nil
}

// quoted is a text for a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
