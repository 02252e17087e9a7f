package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func importCommand() *cobra.Command {
	s := defaultSettings()
	options := append(s.StateSettings.options(), orgOptions(&s)...)
	cmd := &cobra.Command{
		Use:   "import PATH...",
		Short: "Load products, developers, apps and maps into the state",
		Long: `import reads what users keep of an organization in files and writes it to where
the state is kept: a data folder that no sluice is using, or NATS servers. What is
there under the same names is replaced, the rest stays.

  sluice import ./my-proxy --env prod --data ./state
  sluice import ./config/edge.json --nats tls://nats.example:4222 --nats-creds user.creds

A path is a folder or a file of one of these forms:

  products.json developers.json developerapps.json maps.json
                    the test data of Apigee's emulator
  env__ENV__MAP__kvmfile__0.json
                    a map as apigeecli exports it, also org__MAP and proxy__PROXY__MAP
  edge.json         the single file of the config Maven plugin
  resources/edge    the folder of that plugin: org, env/ENV, api/PROXY

Of a plugin's environments the maps of --env are loaded. Its kinds that are not
part of the state are listed. An app whose files name no consumer key keeps the one
that it has, or gets a new one.

With anything wrong in any of the files, a misspelt field too, nothing is
loaded, and everything that is wrong is listed. Paths are read together: what one uses may be in another, or in
the state already.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.resolve("", options); err != nil {
				return err
			}
			s.warnOfVariables(os.Environ(), cmd.ErrOrStderr())
			if s.Data == "" && s.Nats == "" {
				return errors.New("import needs --data or --nats: what is kept in memory is gone at once")
			}
			if s.OrgData = append(s.OrgData, args...); len(s.OrgData) == 0 {
				return errors.New("nothing to import: give a path, as in `sluice import ./config --data ./state`")
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			return importData(ctx, &s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().SortFlags = false
	register(cmd.Flags(), options)
	return cmd
}

func importData(ctx context.Context, s *settings, out, errs io.Writer) error {
	log, err := newLogger(s, errs)
	if err != nil {
		return err
	}
	data, err := openOrgData(s.OrgData, errs)
	if err != nil {
		return err
	}
	store, err := s.store(ctx, log)
	if err != nil {
		return err
	}
	if err := data.load(ctx, store, s.Org, s.Env, errs); err != nil {
		return errors.Join(err, store.Close())
	}
	if n := len(data.TargetServers); n > 0 {
		fmt.Fprintf(errs, "%s: no part of the state; give the same path to `sluice serve --org-data`\n", count(n, "target server"))
	}
	p, d, a, k := store.Entities.Directory.Sizes()
	fmt.Fprintf(out, "the state has %s, %s, %s with %s, and %s now\n",
		count(p, "product"), count(d, "developer"), count(a, "app"), count(k, "consumer key"), count(len(store.Maps.Names()), "map"))
	return store.Close()
}
