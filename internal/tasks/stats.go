package tasks

import "time"

// minute counts what happened in the last 60 seconds, by second.
type minute struct {
	counts [60]int32
	last   int64 // second of the last count
}

func (m *minute) add(now time.Time) {
	m.move(now)
	m.counts[m.last%60]++
}

func (m *minute) total(now time.Time) (n int64) {
	m.move(now)
	for _, c := range m.counts {
		n += int64(c)
	}
	return n
}

// move forgets the seconds that have passed.
func (m *minute) move(now time.Time) {
	second := max(now.Unix(), m.last)
	for s := max(m.last+1, second-59); s <= second; s++ {
		m.counts[s%60] = 0
	}
	m.last = second
}

// stats is what QueueStats of v2beta3 tells. Executions, attempts under way and rate are known to
// the leader only; in other processes they are 0, 0 and the configured rate.
type stats struct {
	tasks      int
	oldest     time.Time // due time of the first task, zero for none
	executed   int64     // answers in the last minute
	concurrent int
	rate       float64
}

func (l *line) stats(now time.Time) stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := stats{tasks: l.tasks.n, executed: l.done.total(now), concurrent: l.running, rate: l.throttle.rate * l.throttle.factor(now)}
	if len(l.waiting) > 0 {
		s.oldest = time.Unix(0, l.waiting[0].due)
	}
	return s
}
