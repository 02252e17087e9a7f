package state

import (
	"testing"
	"time"
)

func TestTallyClass(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := []struct {
		life time.Duration
		want string
	}{
		{time.Nanosecond, "minutes"},
		{time.Minute, "minutes"},
		{10 * time.Minute, "minutes"},
		{10*time.Minute + 1, "hours"},
		{time.Hour, "hours"},
		{day, "days"},
		{7 * day, "months"},
		{31 * day, "months"},
		{366 * day, "years"},
		{800*day + 1, "always"},
		{0, "always"},
	}
	for _, tt := range tests {
		c := tallyClasses[classOf(tt.life)]
		if c.name != tt.want {
			t.Errorf("a life of %s is of class %s, want %s", tt.life, c.name, tt.want)
		}
		s := (&natsEngine{replicas: 3}).tallyStream("t", c)
		if s.MaxAge != c.life || s.MaxAge != 0 && s.MaxAge < tt.life {
			t.Errorf("a life of %s is kept for %s", tt.life, s.MaxAge)
		}
	}
}
