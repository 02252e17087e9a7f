package state_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func BenchmarkEmbedded(b *testing.B) {
	dir := b.TempDir()
	e := embedded(b, dir)
	defer func() { check(b, e.Close()) }()
	benchmarkEngine(b, e)
}

// BenchmarkCluster has three nodes in this process, which share its processors.
func BenchmarkCluster(b *testing.B) {
	benchmarkEngine(b, statetest.Cluster(b, 3)[0])
}

func BenchmarkMemory(b *testing.B) { benchmarkEngine(b, state.NewMemory(time.Now)) }

func benchmarkEngine(b *testing.B, e state.Engine) {
	ctx := context.Background()
	for _, durable := range []bool{true, false} {
		bucket, err := e.Bucket(ctx, state.BucketConfig{Name: fmt.Sprint("durable-", durable), Durable: durable})
		check(b, err)
		value := make([]byte, 500)
		each(b, fmt.Sprintf("Put/durable=%t", durable), func(i int) error {
			_, err := bucket.Put(ctx, fmt.Sprint("k.", i%1000), value, 0)
			return err
		})
		each(b, fmt.Sprintf("Put+life/durable=%t", durable), func(i int) error {
			_, err := bucket.Put(ctx, fmt.Sprint("l.", i%1000), value, time.Hour)
			return err
		})
		each(b, fmt.Sprintf("Get/durable=%t", durable), func(int) error {
			_, err := bucket.Get(ctx, "k.0")
			return err
		})
	}
	tally, err := e.Tally(ctx, "bench")
	check(b, err)
	each(b, "Add", func(i int) error {
		_, err := tally.Add(ctx, fmt.Sprint("k.", i%1000), 1, time.Minute)
		return err
	})
	b.Run("Add/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := tally.Add(ctx, "k", 1, time.Minute); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func each(b *testing.B, name string, do func(int) error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			check(b, do(i))
		}
	})
}
