package policies

import (
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// cacheExpiry is ExpirySettings (policies-2.md 2). TimeoutInSeconds comes before
// TimeOfDay and ExpiryDate.
type cacheExpiry struct {
	seconds, timeOfDay, date *flow.TextOrRef
}

// cacheLongest is how long an entry can live (recalled). It is also the life
// without ExpirySettings, which the reference does not know.
const cacheLongest = 30 * 24 * time.Hour

func compileCacheExpiry(b *flow.Build, el *etree.Element) cacheExpiry {
	settings := b.Child(el, "ExpirySettings")
	b.Known(settings, "TimeoutInSeconds", "TimeoutInSec", "TimeOfDay", "ExpiryDate")
	return cacheExpiry{
		seconds:   cacheSetting(b, settings, readSeconds, "a number of seconds", "TimeoutInSeconds", "TimeoutInSec"),
		timeOfDay: cacheSetting(b, settings, readTimeOfDay, "a time such as 23:00:00", "TimeOfDay"),
		date:      cacheSetting(b, settings, readExpiryDate, "a date such as 12-31-2030", "ExpiryDate"),
	}
}

// cacheSetting reads the first of the elements tags that is not empty; nil when
// all are. A text that read cannot read is refused.
func cacheSetting[T any](b *flow.Build, settings *etree.Element, read func(string) (T, bool), want string, tags ...string) *flow.TextOrRef {
	for _, tag := range tags {
		el := b.Child(settings, tag)
		s := b.TextOrRef(el)
		if s == nil || s.Ref == nil && s.Text == "" {
			continue
		}
		if _, ok := read(s.Text); !ok && s.Text != "" {
			b.RefuseText(el, "InvalidValue", strconv.Quote(s.Text)+" is not "+want, "write "+want)
		}
		return s
	}
	return nil
}

// life is how long an entry that is stored now lives: zero or less, when its time
// is over already. A value that does not parse counts as absent.
func (e *cacheExpiry) life(x *flow.Exchange) time.Duration {
	now := x.Now().UTC()
	if n, ok := settingOf(x, e.seconds, readSeconds); ok {
		if n <= 0 {
			return cacheLongest
		}
		return min(time.Duration(min(n, int64(cacheLongest/time.Second)))*time.Second, cacheLongest)
	}
	if at, ok := settingOf(x, e.timeOfDay, readTimeOfDay); ok {
		until := now.Truncate(24 * time.Hour).Add(at).Sub(now)
		if until <= 0 {
			until += 24 * time.Hour
		}
		return until
	}
	if date, ok := settingOf(x, e.date, readExpiryDate); ok {
		return min(date.Sub(now), cacheLongest)
	}
	return cacheLongest
}

func settingOf[T any](x *flow.Exchange, s *flow.TextOrRef, read func(string) (T, bool)) (T, bool) {
	if v, ok := s.Value(x); ok {
		if t, ok := read(strings.TrimSpace(v.String())); ok {
			return t, true
		}
	}
	var none T
	if s == nil {
		return none, false
	}
	return read(s.Text)
}

func readSeconds(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// readTimeOfDay reads hh:mm:ss, up to 24:00:00, as the time since midnight UTC.
func readTimeOfDay(text string) (time.Duration, bool) {
	if text == "24:00:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04:05", text)
	return t.Sub(t.Truncate(24 * time.Hour)), err == nil
}

// readExpiryDate reads mm-dd-yyyy: the midnight with which that day begins.
func readExpiryDate(text string) (time.Time, bool) {
	t, err := time.Parse("01-02-2006", text)
	return t, err == nil
}

// cacheTimeout reads CacheLookupTimeoutInSeconds.
func cacheTimeout(b *flow.Build, el *etree.Element, otherwise time.Duration) time.Duration {
	c := b.Child(el, "CacheLookupTimeoutInSeconds")
	text := flow.TextOf(c)
	if text == "" {
		return otherwise
	}
	n, ok := readSeconds(text)
	if !ok || n <= 0 {
		b.Refuse(c, "InvalidTimeout", "value", text)
		return otherwise
	}
	return time.Duration(min(n, int64(time.Hour/time.Second))) * time.Second
}
