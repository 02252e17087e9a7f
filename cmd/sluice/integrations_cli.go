package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// integrationsURL is where serve answers the API of Application Integration by default.
const integrationsURL = "http://localhost:8085"

func integrationsCommand() *cobra.Command {
	c := &integrationsClient{base: cmp.Or(os.Getenv("SLUICE_INTEGRATIONS_URL"), integrationsURL), project: "local", region: "us-central1"}
	cmd := &cobra.Command{
		Use:   "integrations",
		Short: "List, run and look into integrations of a running sluice",
		Long: `integrations talks to the Application Integration API of a running sluice, which
serve opens with --integrations-listen:

  sluice serve ./my-proxy --integrations-listen 127.0.0.1:8085 --data ./state &
  sluice integrations list
  sluice integrations run orders --input customer=Ada --input count=3
  sluice integrations executions orders --state FAILED
  sluice integrations get 0e8f...       every task: when, what it read and set, its error
  sluice integrations replay 0e8f...    once more`,
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.base, "url", c.base, "`URL` of the API (SLUICE_INTEGRATIONS_URL)")
	flags.StringVar(&c.project, "project", c.project, "`project` in resource names; any will do for a local engine")
	flags.StringVar(&c.region, "region", c.region, "`region` in resource names")
	flags.BoolVar(&c.json, "json", false, "print what the API answers")
	cmd.AddCommand(c.listCommand(), c.runCommand(), c.executionsCommand(), c.getCommand(), c.cancelCommand(), c.replayCommand())
	return cmd
}

// integrationsClient calls the API of a running sluice.
type integrationsClient struct {
	base, project, region string
	json                  bool // print answers as they are
}

// answerLimit bounds what is read of an answer.
const answerLimit = 256 << 20

// call makes a call below the location and returns the body of the answer.
func (c *integrationsClient) call(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.address(path), content)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("no sluice answers at %s: %w; start one with `sluice serve PATH --integrations-listen ADDRESS`, or give its --url", c.base, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err == nil && answer.StatusCode >= 400 {
		err = apiError(answer, data)
	}
	return data, err
}

func (c *integrationsClient) address(path string) string {
	return strings.TrimSuffix(c.base, "/") + "/v1/projects/" + url.PathEscape(c.project) + "/locations/" + url.PathEscape(c.region) + path
}

// apiError is the error that an answer tells.
func apiError(answer *http.Response, body []byte) error {
	var e struct {
		Error struct{ Message, Status string }
	}
	if json.Unmarshal(body, &e) != nil || e.Error.Message == "" {
		return fmt.Errorf("%s answered %s, which is not Application Integration's way; is the --url right?", answer.Request.URL, answer.Status)
	}
	return fmt.Errorf("%s (%s)", e.Error.Message, e.Error.Status)
}

// get is a call whose answer is read into to. With --json it is printed and the result is false.
func (c *integrationsClient) get(cmd *cobra.Command, to any, method, path string, body any) (show bool, err error) {
	data, err := c.call(cmd.Context(), method, path, body)
	if err != nil {
		return false, err
	}
	if c.json {
		return false, printJSON(cmd.OutOrStdout(), data)
	}
	return true, json.Unmarshal(data, to)
}

func printJSON(w io.Writer, data []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, out.String())
	return err
}

func (c *integrationsClient) cancelCommand() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use:   "cancel EXECUTION",
		Short: "Cancel an execution that is scheduled, suspended or on hold",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer struct{ IsCanceled bool }
			show, err := c.get(cmd, &answer, http.MethodPost, executionPath(args[0])+":cancel", map[string]string{"cancelReason": reason})
			if err == nil && show {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is cancelled\n", args[0])
			}
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for the record")
	return cmd
}

func (c *integrationsClient) replayCommand() *cobra.Command {
	reason, atFailure := "", false
	cmd := &cobra.Command{
		Use:   "replay EXECUTION",
		Short: "Run an execution that has ended once more, and wait for its end",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode := "REPLAY_MODE_FROM_BEGINNING"
			if atFailure {
				mode = "REPLAY_MODE_POINT_OF_FAILURE"
			}
			var answer executed
			show, err := c.get(cmd, &answer, http.MethodPost, executionPath(args[0])+":replay", map[string]string{"replayMode": mode, "replayReason": reason})
			if err != nil || !show {
				return err
			}
			return answer.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for the record")
	cmd.Flags().BoolVar(&atFailure, "from-failure", false, "go on at the task that failed, instead of from the beginning")
	return cmd
}

// executionPath is the path of an execution of any integration.
func executionPath(id string) string { return "/integrations/-/executions/" + url.PathEscape(id) }

// executed is the answer of execute and of replay.
type executed struct {
	ExecutionID      string          `json:"executionId"`
	ExecutionFailed  bool            `json:"executionFailed"`
	OutputParameters json.RawMessage `json:"outputParameters"`
}

func (e executed) print(w io.Writer) error {
	if e.ExecutionFailed {
		return fmt.Errorf("execution %s failed; `sluice integrations get %s` tells why", e.ExecutionID, e.ExecutionID)
	}
	fmt.Fprintf(w, "execution %s\n", e.ExecutionID)
	if len(e.OutputParameters) == 0 {
		return nil
	}
	return printJSON(w, e.OutputParameters)
}

var errNotATime = errors.New("it is not a time such as 2026-01-02T10:00:00Z or a duration such as 10m")

// moment reads a time, or a duration from now on.
func moment(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q: %w", text, errNotATime)
	}
	return t, nil
}
