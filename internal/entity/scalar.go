package entity

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Text is a string that files also write as a JSON number: a quota of 10 or "10".
type Text string

// UnmarshalJSON accepts a string, a number or null.
func (t *Text) UnmarshalJSON(data []byte) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = Text(v)
	case float64:
		*t = Text(data)
	default:
		return fmt.Errorf("want a string or a number, not %s", data)
	}
	return nil
}

// Millis is a time in milliseconds since 1970; the management API writes it as
// text, files also as a number. 0 and -1 stand for none.
type Millis int64

// UnmarshalJSON accepts a number, a number in a string, "" or null.
func (m *Millis) UnmarshalJSON(data []byte) error {
	var t Text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	*m = 0
	if t == "" {
		return nil
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return fmt.Errorf("want milliseconds since 1970, not %q", string(t))
	}
	*m = Millis(n)
	return nil
}

// MarshalJSON writes text, as the management API does.
func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(m), 10)), nil
}

// MillisOf is t as Millis; the zero time is 0.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Set reports whether there is a time.
func (m Millis) Set() bool { return m > 0 }

// Past reports whether the time is set and now is not before it.
func (m Millis) Past(now time.Time) bool { return m.Set() && now.UnixMilli() >= int64(m) }
