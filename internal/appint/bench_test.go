package appint

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// threeTasks is a Data Mapping, then a Call REST Endpoint with what it made, then JavaScript on
// the answer.
func threeTasks() []byte {
	mapping := map[string]any{
		"task": "FieldMappingTask", "taskId": "1", "nextTasks": []any{map[string]any{"taskId": "2"}},
		"parameters": parameters(map[string]any{"FieldMappingConfigTaskParameterKey": map[string]any{
			"jsonValue": `{"mappedFields":[{"inputField":{"fieldType":"STRING_VALUE","transformExpression":{"initialValue":{"referenceValue":"$order$"}}},` +
				`"outputField":{"referenceKey":"$item$","fieldType":"STRING_VALUE"}}]}`,
		}}),
	}
	script := map[string]any{
		"task": "JavaScriptTask", "taskId": "3",
		"parameters": parameters(map[string]any{"script": text("function executeScript(event) { event.setParameter('out', event.getParameter('a2') + '!') }")}),
	}
	return export([]any{mapping, restTask(2, true), script}, []any{
		variable("url", "STRING_VALUE", "IN"), variable("order", "STRING_VALUE", "IN"), variable("item", "STRING_VALUE", "NONE"),
		variable("a2", "STRING_VALUE", "NONE"), variable("out", "STRING_VALUE", "OUT"),
	})
}

// benched is a node with the integration of three tasks, whose REST endpoint is on loopback.
type benched struct {
	*node
	call  integrations.Call
	calls atomic.Int64 // of the endpoint
}

// openBench opens it in memory, or with a data directory and every write synced.
func openBench(b *testing.B, where string) *benched {
	dir := "" // then all is in memory
	if where == "disk" {
		dir = b.TempDir()
	}
	store, err := state.Open(b.Context(), state.Options{Dir: dir})
	check(b, err)
	bs := &benched{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		bs.calls.Add(1)
		_, _ = w.Write([]byte("stored"))
	}))
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	bs.node = start(b, store, integrations.Options{Client: &http.Client{Transport: transport}}, Options{Sole: true, MaxKept: 1 << 30})
	b.Cleanup(func() {
		check(b, bs.Close())
		check(b, store.Close())
		transport.CloseIdleConnections()
		endpoint.Close()
	})
	if bad := bs.Load("three", threeTasks()); bad != nil {
		b.Fatal(bad)
	}
	bs.call = integrations.Call{Project: "p", Region: "r", Name: "three", Body: fmt.Appendf(nil,
		`{"triggerId":"api_trigger/run","inputParameters":{"url":{"stringValue":%q},"order":{"stringValue":"tea"}}}`, endpoint.URL)}
	return bs
}

// concurrently does something b.N times, by that many callers at once.
func concurrently(b *testing.B, callers int, do func(context.Context) error) {
	var next atomic.Int64
	var calling sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range callers {
		calling.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if err := do(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	calling.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
}

// BenchmarkExecute is a synchronous call of three tasks, as IntegrationCallout makes it.
func BenchmarkExecute(b *testing.B) {
	for _, where := range []string{"memory", "disk"} {
		b.Run(where, func(b *testing.B) {
			s := openBench(b, where)
			concurrently(b, 1, func(ctx context.Context) error {
				a, err := s.execute(ctx, s.call)
				if err == nil && a.Status != http.StatusOK {
					return fmt.Errorf("%d %s", a.Status, a.Body)
				}
				return err
			})
		})
	}
}

// BenchmarkAccept is how many executions a second are accepted on disk, while those accepted
// before run. called/s is how many of them got to their endpoint: the outcome of each task is
// synced as well.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			s := openBench(b, "disk")
			begin := time.Now()
			concurrently(b, callers, func(ctx context.Context) error {
				_, err := s.schedule(ctx, s.call)
				return err
			})
			b.StopTimer()
			for s.calls.Load() < int64(b.N) && !b.Failed() {
				time.Sleep(time.Millisecond)
			}
			b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "called/s")
		})
	}
}
