package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/mock"
)

func mockCommand() *cobra.Command {
	listen := "127.0.0.1:9000"
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Run stand-ins for the backends that samples call",
		Long: `mock answers as mocktarget.apigee.net and httpbin.org do, by the Host header, and
echoes every request for any other name. Send the names of a bundle's targets to
it and samples run without a network:

  sluice mock &
  sluice serve ./my-proxy --map-host '*=127.0.0.1:9000'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return err
			}
			server := &http.Server{Handler: mock.Handler(), ReadHeaderTimeout: 10 * time.Second}
			fmt.Fprintf(cmd.OutOrStdout(), "mocktarget.apigee.net, httpbin.org and an echo on http://%s\n", l.Addr())
			return serveUntil(ctx, server, l)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", listen, "`address` to listen on")
	return cmd
}

func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
