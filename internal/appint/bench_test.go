package appint

import (
	"context"
	"testing"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// mapping is an integration without tasks that call anybody.
func mapping() []byte {
	return export([]any{map[string]any{
		"task": "FieldMappingTask", "taskId": "1", "parameters": parameters(map[string]any{"FieldMappingConfigTaskParameterKey": map[string]any{
			"jsonValue": `{"mappedFields":[{"inputField":{"fieldType":"STRING_VALUE","transformExpression":{"initialValue":{"referenceValue":"$url$"}}},"outputField":{"referenceKey":"$out$","fieldType":"STRING_VALUE"}}]}`,
		}}),
	}}, []any{variable("url", "STRING_VALUE", "IN"), variable("out", "STRING_VALUE", "OUT")})
}

func benchmark(b *testing.B, store state.Engine, do func(context.Context, *Service, integrations.Call)) {
	s, err := Open(b.Context(), store, integrations.Options{}, Options{Sole: true, MaxKept: 1 << 30})
	check(b, err)
	if bad := s.Load("mapping", mapping()); bad != nil {
		b.Fatal(bad)
	}
	c := integrations.Call{Project: "p", Region: "r", Name: "mapping", Body: []byte(input("x"))}
	b.ReportAllocs()
	for b.Loop() {
		do(b.Context(), s, c)
	}
	check(b, s.Close())
	check(b, store.Close())
}

// BenchmarkExecute is a synchronous call, as IntegrationCallout makes it.
func BenchmarkExecute(b *testing.B) {
	benchmark(b, state.NewMemory(time.Now), func(ctx context.Context, s *Service, c integrations.Call) {
		if a, err := s.execute(ctx, c); err != nil || a.Status != 200 {
			b.Fatal(a.Status, err)
		}
	})
}

// BenchmarkSchedule is how long it takes to accept an execution on disk; it runs meanwhile.
func BenchmarkSchedule(b *testing.B) {
	store, err := state.Open(b.Context(), state.Options{Dir: b.TempDir()})
	check(b, err)
	benchmark(b, store, func(ctx context.Context, s *Service, c integrations.Call) {
		if _, err := s.schedule(ctx, c); err != nil {
			b.Fatal(err)
		}
	})
}
