package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/integrations"
)

func (c *integrationsClient) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List integrations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct {
				Integrations []struct {
					Name, Description, UpdateTime string
					Active                        bool
				}
			}
			show, err := c.get(cmd, &answer, http.MethodGet, "/integrations?pageSize=1000", nil)
			if err != nil || !show {
				return err
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "INTEGRATION\tPUBLISHED\tCHANGED\tDESCRIPTION")
			for _, i := range answer.Integrations {
				published := map[bool]string{true: "yes", false: "no"}[i.Active]
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", last(i.Name), published, localTime(i.UpdateTime), i.Description)
			}
			return t.Flush()
		},
	}
}

// last is the last part of a resource name.
func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func localTime(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.Local().Format(time.DateTime)
}

func (c *integrationsClient) executionsCommand() *cobra.Command {
	state, limit := "", 50
	cmd := &cobra.Command{
		Use:   "executions [INTEGRATION]",
		Short: "List executions, the newest first",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"pageSize": {strconv.Itoa(limit)}, "truncateParams": {"true"}}
			if state != "" {
				query.Set("filter", "state="+strings.ToUpper(state))
			}
			of := "-"
			if len(args) > 0 {
				of = args[0]
			}
			var answer struct{ ExecutionInfos []listedExecution }
			show, err := c.get(cmd, &answer, http.MethodGet, "/integrations/"+url.PathEscape(of)+"/executions?"+query.Encode(), nil)
			if err != nil || !show {
				return err
			}
			if len(answer.ExecutionInfos) == 0 {
				return c.explainNone(cmd, of, state)
			}
			return printExecutions(cmd.OutOrStdout(), answer.ExecutionInfos)
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only those in this `state`: PENDING, PROCESSING, SUCCEEDED, FAILED, CANCELLED, SUSPENDED, RETRY_ON_HOLD")
	cmd.Flags().IntVar(&limit, "limit", limit, "at most this `number`")
	return cmd
}

// explainNone says why there is nothing to list: no such integration, or integrations
// whose executions leave no record.
func (c *integrationsClient) explainNone(cmd *cobra.Command, of, state string) error {
	var answer struct {
		IntegrationVersions []struct{ Name, State, DatabasePersistencePolicy string }
	}
	path := "/integrations/" + url.PathEscape(of) + "/versions?pageSize=1000&fieldMask=name,state,databasePersistencePolicy"
	if _, err := c.get(cmd, &answer, http.MethodGet, path, nil); err != nil {
		return err
	}
	if of != "-" && len(answer.IntegrationVersions) == 0 {
		return fmt.Errorf("no integration %q is here; `sluice integrations list` shows those that are", of)
	}
	var traceless []string
	for _, v := range answer.IntegrationVersions {
		parts := strings.Split(v.Name, "/") // projects/P/locations/L/integrations/NAME/versions/ID
		if v.State == "ACTIVE" && v.DatabasePersistencePolicy == "DATABASE_PERSISTENCE_DISABLED" && len(parts) == 8 {
			traceless = append(traceless, parts[5])
		}
	}
	what := "No execution is kept"
	if state != "" {
		what = "No execution that is kept is " + strings.ToUpper(state)
	}
	fmt.Fprintln(cmd.OutOrStdout(), what+".")
	if len(traceless) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "With DATABASE_PERSISTENCE_DISABLED nothing is kept once a caller has its answer; this is so for %s.\nWhy such an execution failed is in the log of sluice serve.\n", strings.Join(traceless, ", "))
	}
	return nil
}

// listedExecution is an item of executionInfos.
type listedExecution struct {
	EventExecutionInfoID, WorkflowName, PostMethod string
	CreateTime, LastModifiedTime                   string // milliseconds since 1970
	EventExecutionDetails                          struct{ EventExecutionState string }
	Errors                                         []struct{ ErrorMessage string }
}

func printExecutions(w io.Writer, list []listedExecution) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EXECUTION\tINTEGRATION\tSTATE\tMETHOD\tCREATED\tCHANGED AFTER\tERROR")
	for _, e := range list {
		created, changed := fromMillis(e.CreateTime), fromMillis(e.LastModifiedTime)
		failure := ""
		if len(e.Errors) > 0 {
			failure, _, _ = strings.Cut(e.Errors[0].ErrorMessage, "\n")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.EventExecutionInfoID, e.WorkflowName, e.EventExecutionDetails.EventExecutionState,
			e.PostMethod, created.Local().Format(time.DateTime), changed.Sub(created), failure)
	}
	return t.Flush()
}

func fromMillis(text string) time.Time {
	ms, _ := strconv.ParseInt(text, 10, 64) // 1970 shows that it was none
	return time.UnixMilli(ms)
}

func (c *integrationsClient) getCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get EXECUTION",
		Short: "Show an execution: each task, when it ran, what it read and set, its error",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := c.call(cmd.Context(), http.MethodGet, executionPath(args[0])+":download", nil)
			if err != nil {
				return err
			}
			var answer struct{ Content string }
			if err := json.Unmarshal(data, &answer); err != nil {
				return err
			}
			if c.json {
				return printJSON(cmd.OutOrStdout(), []byte(answer.Content))
			}
			var r integrations.Record
			if err := json.Unmarshal([]byte(answer.Content), &r); err != nil {
				return err
			}
			return printRecord(cmd.OutOrStdout(), &r)
		},
	}
}

func printRecord(w io.Writer, r *integrations.Record) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "execution\t%s\nintegration\t%s, version %s\ntrigger\t%s\nstate\t%s\ncreated\t%s (%s)\n",
		r.ID, r.Integration, orNone(r.Version), r.Trigger, r.State, stamp(r.Created), r.Method)
	for _, line := range [][2]string{
		{"scheduled", stamp(r.Schedule)}, {"began", stamp(r.Started)}, {"changed", stamp(r.Updated)},
		{"request", r.RequestID}, {"inputs", compacted(r.Inputs)}, {"outputs", compacted(r.Outputs)},
	} {
		if line[1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", line[0], line[1])
		}
	}
	if r.Error != nil {
		fmt.Fprintf(t, "error\t%d %s: %s\n", r.Error.Code, r.Error.Status, indented(r.Error.Message))
	}
	for _, s := range r.Suspensions {
		fmt.Fprintf(t, "suspension\t%s of task %s, %s since %s, until %s\n", s.ID, s.Task, s.State, stamp(s.Created), stamp(s.Expires))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, task := range tasksInOrder(r) {
		printTask(w, task)
	}
	return nil
}

func tasksInOrder(r *integrations.Record) []integrations.TaskRecord {
	var list []integrations.TaskRecord
	for _, t := range r.Done {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b integrations.TaskRecord) int {
		if a.Started.IsZero() != b.Started.IsZero() { // those that were skipped come last
			return map[bool]int{true: 1, false: -1}[a.Started.IsZero()]
		}
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

func printTask(w io.Writer, t integrations.TaskRecord) {
	fmt.Fprintf(w, "\ntask %s %q, %s: %s", t.ID, t.Label, t.Type, t.State)
	if !t.Started.IsZero() {
		fmt.Fprintf(w, " at %s", stamp(t.Started))
	}
	if !t.Ended.IsZero() && !t.Started.IsZero() {
		fmt.Fprintf(w, " after %s", t.Ended.Sub(t.Started).Round(time.Microsecond))
	}
	if t.Attempts > 1 {
		fmt.Fprintf(w, ", %d attempts", t.Attempts)
	}
	fmt.Fprintln(w)
	for _, line := range [][2]string{{"read", compacted(t.Inputs)}, {"set", compacted(t.Outputs)}} {
		if line[1] != "" && line[1] != "{}" {
			fmt.Fprintf(w, "  %s %s\n", line[0], line[1])
		}
	}
	if t.Error != nil {
		fmt.Fprintf(w, "  error %d %s\n", t.Error.Code, indented(t.Error.Message))
	}
}

func compacted(data json.RawMessage) string {
	var out bytes.Buffer
	if len(data) == 0 || json.Compact(&out, data) != nil {
		return ""
	}
	return out.String()
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n    ") }

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}
