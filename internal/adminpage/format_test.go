package adminpage

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

func TestDurationsInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "now", 999 * time.Millisecond: "now", -time.Second: "1 s ago", 99 * time.Second: "in 99 s", 100 * time.Second: "in 1 min",
		-100 * time.Minute: "1 h ago", 47 * time.Hour: "in 47 h", -48 * time.Hour: "2 days ago", 400 * 24 * time.Hour: "in 400 days",
	} {
		if got := relative(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "0 µs", 1500 * time.Nanosecond: "1 µs", 1234 * time.Microsecond: "1.2 ms", 2345 * time.Millisecond: "2.3 s", 3 * time.Hour: "3 h",
	} {
		if got := took(begin, begin.Add(d)); got != want {
			t.Errorf("%s took %q, want %q", d, got, want)
		}
	}
	if got := took(time.Time{}, begin); got != "" {
		t.Errorf("from an unknown time it took %q", got)
	}
	for d, want := range map[time.Duration]string{
		100 * time.Millisecond: "100ms", time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h", 61 * time.Minute: "1h1m", 0: "0s", 10 * time.Second: "10s", 10 * time.Hour: "10h",
	} {
		if got := exact(durationpb.New(d)); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 proxies", 1: "1 proxy", 999: "999 proxies", 1000: "1,000 proxies", -1234567: "-1,234,567 proxies"} {
		if got := plural(n, "proxy"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	if got := plural(int32(2), "task"); got != "2 tasks" {
		t.Error(got)
	}
}
